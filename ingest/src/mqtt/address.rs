//! Where a value lives behind a broker: the topic it is told on, its place in the payload, and the topic that takes commands.

use std::{fmt, str::FromStr};
use thiserror::Error;

const LONGEST_TOPIC: usize = 512;

/// `topic`, `topic#/json/pointer`, and for what can be written ` > command/topic` or ` > command/topic#/json/pointer` behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub state: Place,
    pub command: Option<Place>,
}

/// A topic, and where in its payload the value stands; `None`: the payload is the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub topic: String,
    pub pointer: Option<Pointer>,
}

/// A JSON pointer (RFC 6901) that is not empty: `/motor/speed`, `/values/0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(String);

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadAddress {
    #[error("{0:?} names no topic; write it like plant/pump-1/state#/speed")]
    NoTopic(String),
    #[error("{0:?} has a wildcard; a point is one value of one topic, so write a point for each topic")]
    Wildcard(String),
    #[error("{0:?} is no topic: at most 512 bytes, without control characters")]
    BadTopic(String),
    #[error("{0:?} is no JSON pointer; it begins with / and names each step, as in /motor/speed or /values/0")]
    BadPointer(String),
    #[error("{0:?} has more than one `>`; write the topic of the state, one `>`, and the topic of the command")]
    TwoCommands(String),
    #[error("{0:?} is told by the broker about itself; nothing can be commanded there")]
    OfTheBroker(String),
}

impl FromStr for Address {
    type Err = BadAddress;
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let mut parts = text.split('>');
        let state = place(text, parts.next().unwrap_or_default())?;
        let command = parts.next().map(|command| place(text, command)).transpose()?;
        if parts.next().is_some() {
            return Err(BadAddress::TwoCommands(shortened(text)));
        }
        if let Some(command) = &command
            && command.topic.starts_with('$')
        {
            return Err(BadAddress::OfTheBroker(shortened(&command.topic)));
        }
        Ok(Self { state, command })
    }
}

fn place(whole: &str, text: &str) -> Result<Place, BadAddress> {
    let text = text.trim();
    let (topic, pointer) = match text.split_once('#') {
        Some((topic, pointer)) => (topic.trim_end(), Some(pointer)),
        None => (text, None),
    };
    let is_wildcard = topic.contains('+') || pointer.is_some() && (topic.is_empty() || topic.ends_with('/')) || topic.starts_with("$share/");
    if is_wildcard {
        return Err(BadAddress::Wildcard(shortened(whole)));
    }
    if topic.is_empty() {
        return Err(BadAddress::NoTopic(shortened(whole)));
    }
    if topic.len() > LONGEST_TOPIC || topic.chars().any(char::is_control) {
        return Err(BadAddress::BadTopic(shortened(topic)));
    }
    let pointer = pointer.filter(|pointer| !pointer.is_empty()).map(str::parse).transpose()?;
    Ok(Place { topic: topic.into(), pointer })
}

impl Pointer {
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Its steps, unescaped.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = String> {
        self.0.strip_prefix('/').unwrap_or_default().split('/').map(|step| step.replace("~1", "/").replace("~0", "~"))
    }
}

impl FromStr for Pointer {
    type Err = BadAddress;
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let escaped_well = text.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
        let is_pointer = text.starts_with('/') && text.len() <= LONGEST_TOPIC && escaped_well && !text.chars().any(char::is_control);
        if is_pointer { Ok(Self(text.into())) } else { Err(BadAddress::BadPointer(shortened(text))) }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.topic)?;
        match &self.pointer {
            Some(pointer) => write!(f, "#{}", pointer.0),
            None => Ok(()),
        }
    }
}
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)?;
        match &self.command {
            Some(command) => write!(f, " > {command}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        text.parse::<Address>().unwrap().to_string()
    }

    #[test]
    fn an_address_is_a_topic_a_place_in_its_payload_and_a_command() {
        assert_eq!(canonical("plant/pump-1/speed"), "plant/pump-1/speed");
        assert_eq!(canonical(" plant/pump-1/state#/motor/speed "), "plant/pump-1/state#/motor/speed");
        assert_eq!(canonical("plant/pump-1/state#"), "plant/pump-1/state");
        assert_eq!(canonical("a/state#/v>a/set"), "a/state#/v > a/set");
        assert_eq!(canonical("a/state > a/set#/value"), "a/state > a/set#/value");
        assert_eq!(canonical("$SYS/broker/uptime"), "$SYS/broker/uptime");
    }

    #[test]
    fn wildcards_are_refused_with_a_word_why() {
        for text in ["plant/+/speed", "plant/#", "#", "plant/#/speed", "+", "$share/a/b"] {
            let why = text.parse::<Address>().unwrap_err();
            assert!(matches!(why, BadAddress::Wildcard(_)), "{text}: {why}");
            assert!(why.to_string().contains("a point for each topic"));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let why = |text: &str| text.parse::<Address>().unwrap_err();
        assert!(matches!(why(""), BadAddress::NoTopic(_)));
        assert!(matches!(why("a > "), BadAddress::NoTopic(_)));
        assert!(matches!(why("a > b > c"), BadAddress::TwoCommands(_)));
        assert!(matches!(why("a#motor"), BadAddress::BadPointer(_)));
        assert!(matches!(why("a#/mot~2or"), BadAddress::BadPointer(_)));
        assert!(matches!(why("a\u{0}b"), BadAddress::BadTopic(_)));
        assert!(matches!(why("a > $SYS/stop"), BadAddress::OfTheBroker(_)));
    }

    #[test]
    fn a_pointers_steps_are_unescaped() {
        let pointer: Pointer = "/a~1b/0/m~0n".parse().unwrap();
        assert_eq!(pointer.steps().collect::<Vec<_>>(), ["a/b", "0", "m~n"]);
    }
}
