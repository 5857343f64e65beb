//! Between a payload and a point's value, and from a number to a command's payload. Pure.

use super::address::{Place, Pointer};
use crate::protocol::{Answer, Raw, Refusal, Value};
use millwright_domain::Timestamp;
use serde_json::{Number, Value as Json, json};
use std::str::FromStr;

/// Longer texts mean no state of a machine.
const LONGEST_TEXT: usize = 256;

/// What a point's value has to be, where that is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Number,
    Bool,
    Text,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Text => "text",
        }
    }
}

impl FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "number" => Ok(Self::Number),
            "bool" | "boolean" => Ok(Self::Bool),
            "text" | "string" => Ok(Self::Text),
            _ => Err(format!("{text:?} is not known; the types are number, bool and text, and none takes what comes")),
        }
    }
}

/// A payload, read once for all points of its topic.
#[derive(Debug, PartialEq)]
pub enum Payload {
    Json(Json),
    Text(String),
    /// Bytes that are no text.
    Neither,
}

impl Payload {
    pub fn read(bytes: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(bytes) else { return Self::Neither };
        match serde_json::from_str(text) {
            Ok(json) => Self::Json(json),
            Err(_no_json) => Self::Text(text.trim().chars().take(LONGEST_TEXT + 1).collect()),
        }
    }

    /// The value at this place of the payload.
    pub fn answer(&self, pointer: Option<&Pointer>, kind: Option<Kind>) -> Answer {
        match (self, pointer) {
            (Self::Json(json), Some(pointer)) => match json.pointer(pointer.as_str()) {
                Some(value) => scalar(value, kind),
                None => Err(Refusal::Address(format!("the payload has nothing at {}; check the pointer", pointer.as_str()))),
            },
            (Self::Json(json), None) => scalar(json, kind),
            (Self::Text(text), None) => self::text(text, kind),
            (Self::Text(_), Some(_)) => Err(Refusal::NotANumber("the payload is no JSON".into())),
            (Self::Neither, _) => Err(Refusal::NotANumber("the payload is neither JSON nor text".into())),
        }
    }

    /// When the source says that it measured this.
    pub fn time(&self, pointer: &Pointer) -> Option<Timestamp> {
        let Self::Json(json) = self else { return None };
        match json.pointer(pointer.as_str())? {
            Json::Number(number) => time_of(number.as_f64()?),
            Json::String(text) => text.parse().ok().filter(is_plausible),
            _ => None,
        }
    }
}

fn scalar(value: &Json, kind: Option<Kind>) -> Answer {
    match value {
        Json::Number(number) if matches!(kind, None | Some(Kind::Number)) => match number.as_f64() {
            Some(number) if number.is_finite() => Ok(Value::number(number)),
            _ => Err(Refusal::NotANumber(format!("{number} is larger than any number here"))),
        },
        Json::Bool(on) if matches!(kind, None | Some(Kind::Bool)) => Ok(Value::number(f64::from(u8::from(*on)))),
        Json::String(text) if matches!(kind, None | Some(Kind::Text)) => self::text(text, kind),
        Json::Null => Err(Refusal::NotANumber("is null".into())),
        Json::Object(_) | Json::Array(_) => Err(Refusal::Address("is an object or a list; say which value of it with topic#/pointer".into())),
        other => {
            let expected = kind.map_or("another", Kind::as_str);
            Err(Refusal::Address(format!("is a {}, but the type of the point is {expected}", name(other))))
        }
    }
}

fn name(value: &Json) -> &'static str {
    match value {
        Json::Number(_) => "number",
        Json::Bool(_) => "bool",
        _ => "text",
    }
}

fn text(text: &str, kind: Option<Kind>) -> Answer {
    match kind {
        Some(Kind::Number | Kind::Bool) => Err(Refusal::NotANumber(format!("{:?} is no {}", shortened(text), kind.map_or("", Kind::as_str)))),
        _ if text.len() > LONGEST_TEXT => Err(Refusal::NotANumber(format!("is a text of more than {LONGEST_TEXT} bytes"))),
        _ => Ok(Value::good(Raw::Text(text.into()))),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size.
fn time_of(number: f64) -> Option<Timestamp> {
    let micros = match number {
        ..1e11 => number * 1e6,
        1e11..1e14 => number * 1e3,
        1e14..1e17 => number,
        _ => number / 1e3,
    };
    Some(Timestamp::from_micros(micros as i64)).filter(is_plausible)
}

/// From 2000 to 2100: whatever is outside is another unit or a clock that was never set.
pub fn is_plausible(time: &Timestamp) -> bool {
    (946_684_800_000_000..4_102_444_800_000_000).contains(&time.micros())
}

/// The payload that commands this number.
pub fn command(place: &Place, kind: Option<Kind>, raw: f64) -> Result<Vec<u8>, String> {
    let whole = raw.fract() == 0.0 && raw.abs() < 9_007_199_254_740_992.0;
    let number = if whole { Some(Number::from(raw as i64)) } else { Number::from_f64(raw) };
    let number = number.ok_or_else(|| format!("{raw} is no finite number"))?;
    let value = match kind {
        None | Some(Kind::Number) => Json::Number(number),
        Some(Kind::Bool) if raw == 0.0 || raw == 1.0 => Json::Bool(raw == 1.0),
        Some(Kind::Bool) => return Err(format!("{raw} is neither 0 nor 1, and a bool is nothing else")),
        Some(Kind::Text) => return Err("is a text, and only numbers are written".into()),
    };
    let steps = place.pointer.iter().flat_map(Pointer::steps).rev();
    let wrapped = steps.fold(value, |inner, step| json!({ step: inner }));
    Ok(wrapped.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(payload: &str, pointer: &str, kind: Option<Kind>) -> Answer {
        let pointer = (!pointer.is_empty()).then(|| pointer.parse().unwrap());
        Payload::read(payload.as_bytes()).answer(pointer.as_ref(), kind)
    }
    fn number(payload: &str, pointer: &str) -> Option<f64> {
        match answer(payload, pointer, None) {
            Ok(Value { raw: Raw::Number(number), .. }) => Some(number),
            _ => None,
        }
    }

    #[test]
    fn a_bare_payload_and_one_in_json_hold_the_same() {
        assert_eq!(number(" 12.5\n", ""), Some(12.5));
        assert_eq!(number("true", ""), Some(1.0));
        assert_eq!(number(r#"{"motor":{"speed":[1480,-3]}}"#, "/motor/speed/1"), Some(-3.0));
        assert_eq!(answer("RUN", "", None), Ok(Value::good(Raw::Text("RUN".into()))));
        assert_eq!(answer(r#"{"state":"RUN"}"#, "/state", None), Ok(Value::good(Raw::Text("RUN".into()))));
    }

    #[test]
    fn what_is_no_value_is_refused_with_its_reason() {
        assert!(matches!(answer(r#"{"a":1}"#, "/b", None), Err(Refusal::Address(why)) if why.contains("nothing at /b")));
        assert!(matches!(answer(r#"{"a":1}"#, "", None), Err(Refusal::Address(why)) if why.contains("topic#/pointer")));
        assert!(matches!(answer(r#"{"a":null}"#, "/a", None), Err(Refusal::NotANumber(_))));
        assert!(matches!(answer("{\"a\":", "/a", None), Err(Refusal::NotANumber(_))));
        assert!(matches!(answer("1e999", "/a", None), Err(Refusal::NotANumber(_))));
        assert!(matches!(answer(&"x".repeat(300), "", None), Err(Refusal::NotANumber(_))));
        assert!(matches!(Payload::read(&[0xFF, 0x00]).answer(None, None), Err(Refusal::NotANumber(_))));
        assert!(matches!(answer(&"[".repeat(10_000), "/a", None), Err(Refusal::NotANumber(_))));
    }

    #[test]
    fn a_configured_type_is_held_against_the_payload() {
        assert!(answer(r#"{"a":1}"#, "/a", Some(Kind::Number)).is_ok());
        assert!(
            matches!(answer(r#"{"a":"1"}"#, "/a", Some(Kind::Number)), Err(Refusal::Address(why)) if why == "is a text, but the type of the point is number")
        );
        assert!(matches!(answer(r#"{"a":1}"#, "/a", Some(Kind::Bool)), Err(Refusal::Address(_))));
        assert!(matches!(answer("RUN", "", Some(Kind::Number)), Err(Refusal::NotANumber(_))));
        assert!(answer("RUN", "", Some(Kind::Text)).is_ok());
    }

    #[test]
    fn a_time_is_understood_in_whatever_unit_it_is_given() {
        let pointer: Pointer = "/ts".parse().unwrap();
        let time = |ts: &str| Payload::read(format!("{{\"ts\":{ts}}}").as_bytes()).time(&pointer);
        let at = Some(Timestamp::from_secs(1_700_000_000));
        for ts in ["1700000000", "1700000000000", "1700000000000000", "1700000000000000000", "\"2023-11-14T22:13:20Z\""] {
            assert_eq!(time(ts), at, "{ts}");
        }
        for ts in ["0", "-5", "true", "\"yesterday\"", "1e300"] {
            assert_eq!(time(ts), None, "{ts}");
        }
    }

    #[test]
    fn a_command_is_a_bare_number_or_stands_where_its_pointer_says() {
        let said = |place: &str, kind, raw| {
            let address: crate::mqtt::address::Address = format!("a > {place}").parse().unwrap();
            command(&address.command.unwrap(), kind, raw).map(|bytes| String::from_utf8(bytes).unwrap())
        };
        assert_eq!(said("b", None, 888.0).unwrap(), "888");
        assert_eq!(said("b", None, 888.5).unwrap(), "888.5");
        assert_eq!(said("b#/set/value", None, -1.0).unwrap(), r#"{"set":{"value":-1}}"#);
        assert_eq!(said("b", Some(Kind::Bool), 1.0).unwrap(), "true");
        assert!(said("b", Some(Kind::Bool), 0.5).is_err() && said("b", None, f64::NAN).is_err() && said("b", Some(Kind::Text), 1.0).is_err());
    }
}
