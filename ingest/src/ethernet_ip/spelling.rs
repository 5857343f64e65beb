//! The spellings of a tag that people bring along: `Program:Main.Tag[1,2].Member.3`, `Local:1:I.Data`, `%Tag:REAL`, `Tag : real`.

use super::{
    address::{Address, BadAddress, Step, shortened},
    value::TagType,
};

/// Dimensions of an array in Logix.
const DIMENSIONS: usize = 3;
const LONGEST_NAME: usize = 40;

/// `[%]name{[index]|.member}[.bit][:type]`.
pub(super) fn parse(text: &str) -> Result<Address, BadAddress> {
    let trimmed = text.trim();
    let place = match trimmed.strip_prefix('%') {
        // PLC4X writes the number of elements behind the type.
        Some(place) => place.strip_suffix(":1").unwrap_or(place),
        None => trimmed,
    };
    let (place, kind) = split_type(text, place)?;
    let (place, bit) = split_bit(text, place)?;
    let steps = steps(text, place)?;
    let names_a_program = |name: &String| name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("program:"));
    if let [Step::Name(name), rest @ ..] = steps.as_slice()
        && names_a_program(name)
        && !matches!(rest.first(), Some(Step::Name(_)))
    {
        return Err(BadAddress::NoTag(shortened(text)));
    }
    Address::checked(text, steps, bit, kind)
}

/// What stands behind the last `:` is a type, unless it belongs to the name of a program or of a module's data.
fn split_type<'a>(text: &str, place: &'a str) -> Result<(&'a str, Option<TagType>), BadAddress> {
    let Some((before, last)) = place.rsplit_once(':') else { return Ok((place, None)) };
    let before = before.trim_end();
    let kind = last.parse::<TagType>();
    // `Program:Main` lacks its tag and is refused for that; `Program:REAL` can only be a tag of that name.
    let names_a_program = before.eq_ignore_ascii_case("program") && kind.is_err();
    if last.contains(['.', '[']) || is_module_data(last) || names_a_program {
        return Ok((place, None));
    }
    if !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadAddress::Several(shortened(text)));
    }
    let kind = kind.map_err(|cause| BadAddress::BadType { text: shortened(text), cause })?;
    Ok((before, Some(kind)))
}

/// The last part of a module's tag, as in `Local:1:I`: input, output, configuration or status, of the first or the safety kind.
fn is_module_data(part: &str) -> bool {
    let mut letters = part.chars();
    let first = letters.next().is_some_and(|letter| matches!(letter.to_ascii_uppercase(), 'I' | 'O' | 'C' | 'S'));
    first
        && letters.next().is_none_or(|letter| letter.is_ascii_digit() || matches!(letter.to_ascii_uppercase(), 'I' | 'O'))
        && letters.next().is_none()
}

/// Members cannot begin with a digit, so a number behind the last `.` is a bit.
fn split_bit<'a>(text: &str, place: &'a str) -> Result<(&'a str, Option<u8>), BadAddress> {
    let Some((before, last)) = place.rsplit_once('.') else { return Ok((place, None)) };
    if last.is_empty() || !last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok((place, None));
    }
    let bit = last.parse().ok().filter(|bit| *bit < 64);
    Ok((before, Some(bit.ok_or_else(|| BadAddress::BadBit(shortened(text)))?)))
}

fn steps(text: &str, place: &str) -> Result<Vec<Step>, BadAddress> {
    let mut steps = Vec::new();
    for part in place.split('.') {
        let (name, index) = match part.split_once('[') {
            Some((name, rest)) => (name, Some(rest.strip_suffix(']').ok_or_else(|| BadAddress::BadIndex(shortened(text)))?)),
            None => (part, None),
        };
        if name.is_empty() {
            return Err(BadAddress::Unknown(shortened(text)));
        }
        let is_name = if steps.is_empty() { is_first_name(name) } else { is_name(name) };
        if !is_name {
            return Err(BadAddress::BadName(shortened(text)));
        }
        steps.push(Step::Name(name.into()));
        if let Some(index) = index {
            steps.push(Step::Index(places(index).ok_or_else(|| BadAddress::BadIndex(shortened(text)))?));
        }
    }
    Ok(steps)
}

fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    name.len() <= LONGEST_NAME && name.bytes().next().is_some_and(letter) && name.bytes().all(|byte| letter(byte) || byte.is_ascii_digit())
}

/// A tag, a program's name, or a module's data: `Tag`, `Program:Main`, `Local:1:I`, `Drive:I`.
fn is_first_name(name: &str) -> bool {
    let is_slot = |part: &str| !part.is_empty() && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    match name.split(':').collect::<Vec<_>>().as_slice() {
        [tag] => is_name(tag),
        [program, name] if program.eq_ignore_ascii_case("program") => is_name(name),
        [module, data] => is_name(module) && is_module_data(data),
        [module, slot, data] => is_name(module) && is_slot(slot) && is_module_data(data),
        _ => false,
    }
}

fn places(index: &str) -> Option<Vec<u32>> {
    let digits = |place: &str| {
        let place = place.trim();
        let only_digits = !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_digit());
        if only_digits { place.parse().ok() } else { None }
    };
    let places: Vec<u32> = index.split(',').map(digits).collect::<Option<_>>()?;
    (places.len() <= DIMENSIONS).then_some(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical(text: &str) -> String {
        parse(text).map_or_else(|why| why.to_string(), |address| address.to_string())
    }

    #[test]
    fn every_spelling_has_one_canonical_form() {
        for (text, expected) in [
            ("Motor_Speed", "Motor_Speed"),
            (" Program:Main.Tag ", "Program:Main.Tag"),
            ("Tag[3]", "Tag[3]"),
            ("Tag[1, 2].Member.Sub", "Tag[1,2].Member.Sub"),
            ("Tag.3", "Tag.3:BOOL"),
            ("Tag.03:bool", "Tag.3:BOOL"),
            ("%Tag:REAL", "Tag:REAL"),
            ("%Tag[3]:REAL:1", "Tag[3]:REAL"),
            ("tag:dint", "tag:DINT"),
            ("Program : real", "Program:REAL"),
            ("Local:1:I.Data", "Local:1:I.Data"),
            ("Local:1:I.Data.5", "Local:1:I.Data.5:BOOL"),
            ("Drive:I.Speed:INT", "Drive:I.Speed:INT"),
            ("Program:Main.Recipe[2].Steps[0,1,7].On", "Program:Main.Recipe[2].Steps[0,1,7].On"),
        ] {
            assert_eq!(canonical(text), expected, "{text}");
            assert_eq!(canonical(expected), expected);
        }
    }

    #[test]
    fn case_is_kept_and_does_not_tell_tags_apart() {
        assert_eq!(parse("motor_SPEED"), parse("Motor_Speed"));
        assert_eq!(canonical("motor_SPEED"), "motor_SPEED");
        assert_ne!(parse("Motor_Speed"), parse("Motor_Speed2"));
    }

    #[test]
    fn what_is_no_tag_is_refused_with_what_to_write_instead() {
        for (text, hint) in [
            ("", "no tag"),
            ("Tag..Member", "no tag"),
            ("3Tag", "not beginning with a digit"),
            ("Tag-1", "letters, digits and underscores"),
            ("Tag[", "index"),
            ("Tag[1,2,3,4]", "one to three"),
            ("Tag[-1]", "index"),
            ("Tag.64", "0 to 63"),
            ("Tag.3:DINT", "BOOL, not DINT"),
            ("Tag:FLOAT", "not known"),
            ("Program:Main", "Program:Main.Tag"),
            ("%Tag[0]:REAL:4", "more than one element"),
            ("Tag\u{e9}", "letters"),
        ] {
            assert!(canonical(text).contains(hint), "{text}: {}", canonical(text));
        }
        assert!(canonical(&"Member23456789012345678901234567.".repeat(14)).contains("no tag"));
        assert!(canonical(&["Member2345678901234567890123456789"; 14].join(".")).contains("longer than a request"));
    }

    proptest! {
        #[test]
        fn the_canonical_form_parses_to_itself(text in "%?(Program:)?[A-Za-z_][A-Za-z0-9_]{0,8}(\\[[0-9]{1,4}(,[0-9])?\\])?(\\.[A-Za-z][a-z0-9]{0,5}){0,2}(\\.[0-9]{1,2})?(:(REAL|dint|Bool|1|I))?") {
            if let Ok(address) = parse(&text) {
                let again = parse(&address.to_string());
                prop_assert_eq!(again.as_ref().map(ToString::to_string), Ok(address.to_string()));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}
