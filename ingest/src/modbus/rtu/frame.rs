//! What a frame on a serial line may be: the one answer that belongs to the question, or a reason not to trust it. Pure.

/// The most that the standard allows on a serial line.
pub(super) const LONGEST: usize = 256;

const EXCEPTION: u8 = 0x80;
/// Unit, function, code and checksum.
const EXCEPTION_LENGTH: usize = 5;
/// Unit, function, two numbers and checksum.
const WRITE_LENGTH: usize = 8;

/// What has come so far, held against the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// The beginning of what may become the answer.
    More,
    /// The answer, from this byte on.
    Answer(usize),
    /// No answer to this question, whatever may still come.
    Wrong(String),
}

/// `echo`: the adapter hears what it sends, so the question comes back before the answer.
pub(super) fn judge(asked: &[u8], heard: &[u8], echo: bool) -> Heard {
    if !echo {
        return answer(asked, heard, 0);
    }
    let common = asked.len().min(heard.len());
    if asked[..common] != heard[..common] {
        return Heard::Wrong("what was sent came back as something else; two may be speaking at once, or the adapter does not echo".into());
    }
    match heard.len() > asked.len() {
        true => answer(asked, &heard[asked.len()..], asked.len()),
        false => Heard::More,
    }
}

fn answer(asked: &[u8], heard: &[u8], from: usize) -> Heard {
    let (Some(unit), Some(function)) = (asked.first(), asked.get(1)) else {
        return Heard::Wrong("bytes came that nobody asked for".into());
    };
    if heard.first().is_some_and(|heard| heard != unit) {
        return Heard::Wrong(format!("unit {} answered, unit {unit} was asked", heard[0]));
    }
    let length = match heard.get(1) {
        None => return Heard::More,
        Some(heard) if *heard == function | EXCEPTION => EXCEPTION_LENGTH,
        Some(heard) if heard != function => return Heard::Wrong(format!("function {heard} was answered, {function} was asked")),
        Some(_) => match (payload(asked), heard.get(2)) {
            (None, _) => WRITE_LENGTH,
            (Some(_), None) => return Heard::More,
            (Some(payload), Some(count)) if payload == usize::from(*count) => 3 + payload + 2,
            (Some(_), Some(_)) => return other_length(asked, heard),
        },
    };
    match heard.len() {
        so_far if so_far < length => Heard::More,
        so_far if so_far > length => Heard::Wrong("more came than the answer has".into()),
        _ if has_good_checksum(heard) => Heard::Answer(from),
        _ => Heard::Wrong("the checksum is wrong; look at wiring, termination and the port's settings".into()),
    }
}

/// An adapter that echoes is told apart from an answer to another question, because there is something to set.
fn other_length(asked: &[u8], heard: &[u8]) -> Heard {
    if heard.starts_with(asked) {
        return Heard::Wrong("the question came back instead of an answer; if the adapter hears what it sends, set `echo = true`".into());
    }
    match asked.starts_with(heard) {
        true => Heard::More,
        false => Heard::Wrong("another number of values was answered than asked for".into()),
    }
}

/// How many bytes of values the answer to this question has; `None` where it names what was written.
fn payload(asked: &[u8]) -> Option<usize> {
    let count = usize::from(u16::from_be_bytes([*asked.get(4)?, *asked.get(5)?]));
    match asked.get(1)? {
        1 | 2 => Some(count.div_ceil(8)),
        3 | 4 => Some(count * 2),
        _ => None,
    }
}

fn has_good_checksum(frame: &[u8]) -> bool {
    let Some((content, checksum)) = frame.split_last_chunk::<2>() else { return false };
    crc(content) == u16::from_le_bytes(*checksum)
}

/// The CRC-16 of Modbus: polynomial 0x8005 reflected, beginning with all ones.
pub(super) fn crc(content: &[u8]) -> u16 {
    let bit = |crc: u16, _| if crc & 1 == 1 { crc >> 1 ^ 0xA001 } else { crc >> 1 };
    content.iter().fold(u16::MAX, |crc, byte| (0..8).fold(crc ^ u16::from(*byte), bit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(content: &[u8]) -> Vec<u8> {
        [content, &crc(content).to_le_bytes()].concat()
    }
    /// Two holding registers of unit 1 from 10 on.
    fn question() -> Vec<u8> {
        framed(&[1, 3, 0, 10, 0, 2])
    }
    fn good() -> Vec<u8> {
        framed(&[1, 3, 4, 0, 1, 0xFF, 0xFE])
    }
    fn is_wrong(asked: &[u8], heard: &[u8], because: &str) {
        let Heard::Wrong(why) = judge(asked, heard, false) else { panic!("{heard:?} passes for an answer to {asked:?}") };
        assert!(why.contains(because), "{why}");
    }

    #[test]
    fn the_checksum_is_the_standards() {
        // The example frame of the standard's appendix: unit 2, function 7.
        assert_eq!(framed(&[2, 7]), [2, 7, 0x41, 0x12]);
    }

    #[test]
    fn an_answer_is_taken_once_all_of_it_is_there() {
        let good = good();
        for so_far in 0..good.len() {
            assert_eq!(judge(&question(), &good[..so_far], false), Heard::More, "{so_far}");
        }
        assert_eq!(judge(&question(), &good, false), Heard::Answer(0));
        assert_eq!(judge(&question(), &framed(&[1, 0x83, 2]), false), Heard::Answer(0), "an exception is an answer");
        let write = framed(&[1, 6, 0, 30, 0, 5]);
        assert_eq!(judge(&write, &write, false), Heard::Answer(0));
    }

    #[test]
    fn what_belongs_to_another_question_is_wrong_and_says_why() {
        is_wrong(&question(), &framed(&[2, 3, 4, 0, 1, 0, 2]), "unit 2 answered");
        is_wrong(&question(), &framed(&[1, 4, 4, 0, 1, 0, 2]), "function 4");
        is_wrong(&question(), &framed(&[1, 3, 2, 0, 1]), "another number of values");
        is_wrong(&question(), &[1, 3, 4, 0, 1, 0, 2, 0, 0], "checksum");
        is_wrong(&question(), &[good(), vec![0]].concat(), "more came");
        is_wrong(&[], &[1], "nobody asked");
    }

    #[test]
    fn an_echo_is_no_answer_and_is_skipped_where_it_is_expected() {
        is_wrong(&question(), &question(), "echo = true");
        is_wrong(&question(), &[question(), good()].concat(), "echo = true");
        let both = [question(), good()].concat();
        assert_eq!(judge(&question(), &both, true), Heard::Answer(8));
        assert_eq!(judge(&question(), &both[..8], true), Heard::More);
        assert!(matches!(judge(&question(), &good(), true), Heard::Wrong(_)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(asked in prop::collection::vec(any::<u8>(), 0..20), heard in prop::collection::vec(any::<u8>(), 0..300), echo: bool) {
            judge(&asked, &heard, echo);
        }
        #[test]
        fn one_changed_byte_is_never_an_answer(at in 0usize..9, by in 1u8..) {
            let mut changed = good();
            changed[at] ^= by;
            prop_assert_ne!(judge(&question(), &changed, false), Heard::Answer(0));
        }
    }
}
