//! Frames of the S7 protocol as they travel over TCP, and whether one answers another. Pure, and safe on any bytes.
//!
//! Snap7 looks neither at the number of an answer nor at the lengths in it: it copies as many bytes as the answer says. So whatever could
//! make it read or write where it should not is refused here, and so is an answer to another question than the last one.

/// Version, a zero, and the length of the whole frame.
pub const HEADER: usize = 4;
/// No frame of ours or theirs is longer: 960 bytes and what carries them.
const LONGEST: usize = 1_024;
/// Before the S7 part: the header, and "data, the last piece".
const CARRIER: usize = 7;
const CONNECT: u8 = 0xE0;
const CONFIRM: u8 = 0xD0;
const REFUSE: u8 = 0x80;
const DATA: u8 = 0xF0;
const NEGOTIATE: u8 = 0xF0;
const READ: u8 = 4;
const WRITE: u8 = 5;
/// An item whose bytes follow.
const GOOD: u8 = 0xFF;

/// What ends Snap7's waiting at once: a frame of a kind that does not exist.
pub const NONSENSE: [u8; 7] = [3, 0, 0, 7, 2, 0, 0];

/// Bytes that follow this header; `None` if no frame begins so.
pub fn rest_of(header: [u8; HEADER]) -> Option<usize> {
    let [version, _zero, high, low] = header;
    let length = usize::from(u16::from_be_bytes([high, low]));
    (version == 3 && (CARRIER..=LONGEST).contains(&length)).then(|| length - HEADER)
}

/// What was asked, as far as it decides what an answer must look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    Connect,
    Negotiate {
        number: [u8; 2],
    },
    /// So many bytes of each item.
    Read {
        number: [u8; 2],
        lengths: Vec<usize>,
    },
    Write {
        number: [u8; 2],
    },
}

impl Question {
    /// `None` if the frame asks nothing that we ever ask.
    pub fn of(frame: &[u8]) -> Option<Self> {
        if *frame.get(5)? == CONNECT {
            return Some(Self::Connect);
        }
        let s7 = carried(frame)?;
        let number = [*s7.get(4)?, *s7.get(5)?];
        match (*s7.get(1)?, *s7.get(10)?) {
            (1, NEGOTIATE) => Some(Self::Negotiate { number }),
            (1, WRITE) => Some(Self::Write { number }),
            (1, READ) => {
                let items = s7.get(12..)?.chunks(12);
                let length = |item: &[u8]| match item {
                    // Asked for in bytes.
                    [0x12, 0x0A, 0x10, 2, high, low, ..] if item.len() == 12 => Some(u16::from_be_bytes([*high, *low]).into()),
                    _ => None,
                };
                let lengths: Option<Vec<usize>> = items.map(length).collect();
                let lengths = lengths.filter(|lengths| lengths.len() == usize::from(s7[11]))?;
                Some(Self::Read { number, lengths })
            }
            _ => None,
        }
    }

    /// `Err` says why the frame is no answer to this question.
    pub fn is_answered_by(&self, frame: &[u8]) -> Result<(), &'static str> {
        let (Self::Read { number, .. } | Self::Write { number } | Self::Negotiate { number }) = self else { return confirmed(frame) };
        let s7 = carried(frame).ok_or("it is no frame of this protocol, or only a part of one")?;
        let [0x32, kind @ (2 | 3), _, _, n1, n2, p1, p2, d1, d2, e1, e2, rest @ ..] = s7 else { return Err("it is no answer of this protocol") };
        if [*n1, *n2] != *number {
            return Err("it has the number of another question");
        }
        let (parameters, data) = (usize::from(u16::from_be_bytes([*p1, *p2])), usize::from(u16::from_be_bytes([*d1, *d2])));
        if rest.len() != parameters + data {
            return Err("it is shorter or longer than it says");
        }
        let refuses = [*e1, *e2] != [0, 0];
        match (self, rest) {
            (Self::Negotiate { .. }, [NEGOTIATE, ..]) if !refuses && rest.len() == 8 && data == 0 => Ok(()),
            (Self::Negotiate { .. }, _) => Err("it does not say how long its frames are"),
            // All of it is refused; Snap7 looks no further.
            _ if refuses => Ok(()),
            _ if *kind != 3 || parameters != 2 => Err("it is no answer of this protocol"),
            (Self::Write { .. }, [WRITE, 1, _code]) => Ok(()),
            (Self::Read { lengths, .. }, [READ, count, items @ ..]) if usize::from(*count) == lengths.len() => items_are_whole(lengths, items),
            _ => Err("it answers something else"),
        }
    }
}

/// What the frame carries, if it is data in one piece.
fn carried(frame: &[u8]) -> Option<&[u8]> {
    match frame {
        [3, _, _, _, 2, DATA, 0x80, s7 @ ..] => Some(s7),
        _ => None,
    }
}

fn confirmed(frame: &[u8]) -> Result<(), &'static str> {
    match frame {
        [3, _, _, _, _, REFUSE, ..] => Err("it refuses the connection; check rack and slot, and whether the controller has a connection left"),
        [3, _, _, _, rest, CONFIRM, ..] if usize::from(*rest) + HEADER + 1 == frame.len() && (11..=128).contains(&frame.len()) => Ok(()),
        _ => Err("it is no confirmation of a connection"),
    }
}

/// Each item is refused, or has exactly as many bytes as were asked for; odd ones are filled up to the next.
fn items_are_whole(lengths: &[usize], mut items: &[u8]) -> Result<(), &'static str> {
    const SHORT: &str = "it ends in the middle of an item";
    for asked in lengths {
        let [code, unit, high, low, rest @ ..] = items else { return Err(SHORT) };
        if *code != GOOD {
            items = rest;
            continue;
        }
        let said = usize::from(u16::from_be_bytes([*high, *low]));
        // Bits, reals and texts are counted in bytes, everything else in bits.
        let bytes = if matches!(unit, 3 | 7 | 9) { said } else { said / 8 };
        if bytes != *asked {
            return Err("an item has another length than was asked for");
        }
        let after = rest.get(bytes..).ok_or(SHORT)?;
        items = if bytes % 2 == 1 { after.get(1..).unwrap_or_default() } else { after };
    }
    if items.is_empty() { Ok(()) } else { Err("it goes on after its last item") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(s7: &[u8]) -> Vec<u8> {
        let length = u16::try_from(s7.len() + CARRIER).unwrap().to_be_bytes();
        [&[3, 0, length[0], length[1], 2, DATA, 0x80], s7].concat()
    }
    fn asks_for(number: u8, lengths: &[u8]) -> Vec<u8> {
        let items: Vec<u8> = lengths.iter().flat_map(|length| [0x12, 0x0A, 0x10, 2, 0, *length, 0, 1, 0x84, 0, 0, 0]).collect();
        let parameters = u8::try_from(items.len() + 2).unwrap();
        let count = u8::try_from(lengths.len()).unwrap();
        framed(&[&[0x32, 1, 0, 0, 0, number, 0, parameters, 0, 0, READ, count], &items[..]].concat())
    }
    fn answers(number: u8, count: u8, items: &[u8]) -> Vec<u8> {
        let data = u8::try_from(items.len()).unwrap();
        framed(&[&[0x32, 3, 0, 0, 0, number, 0, 2, 0, data, 0, 0, READ, count], items].concat())
    }

    #[test]
    fn an_answer_with_the_questions_number_and_lengths_passes() {
        let question = Question::of(&asks_for(7, &[3, 2])).unwrap();
        assert_eq!(question, Question::Read { number: [0, 7], lengths: vec![3, 2] });
        let filled = answers(7, 2, &[GOOD, 4, 0, 24, 1, 2, 3, 0, GOOD, 4, 0, 16, 4, 5]);
        assert_eq!(question.is_answered_by(&filled), Ok(()));
        let half_refused = answers(7, 2, &[0x0A, 0, 0, 0, GOOD, 9, 0, 2, 4, 5]);
        assert_eq!(question.is_answered_by(&half_refused), Ok(()));
        let all_refused = framed(&[0x32, 2, 0, 0, 0, 7, 0, 0, 0, 0, 0x81, 4]);
        assert_eq!(question.is_answered_by(&all_refused), Ok(()));
    }

    #[test]
    fn an_answer_that_could_make_snap7_read_or_write_elsewhere_is_stopped() {
        let question = Question::of(&asks_for(7, &[3, 2])).unwrap();
        let good = [GOOD, 4, 0, 24, 1, 2, 3, 0, GOOD, 4, 0, 16, 4, 5];
        let wrong = [
            answers(6, 2, &good),
            answers(7, 1, &good),
            answers(7, 2, &good[..13]),
            answers(7, 2, &good[..6]),
            answers(7, 2, &[GOOD, 4, 0xFF, 0xF8, 1, 2, 3, 0, GOOD, 4, 0, 16, 4, 5]),
            answers(7, 2, &[GOOD, 9, 0xFF, 0xFF, 1, 2, 3, 0, GOOD, 4, 0, 16, 4, 5]),
            answers(7, 2, &[&good[..], &[0, 0]].concat()),
            framed(&[0x32, 3, 0, 0, 0, 7, 0, 2, 0, 1, 0, 0, WRITE, 1, GOOD]),
            framed(&[0x32, 3, 0, 0, 0, 7, 0, 200, 0, 0, 0, 0, READ, 2]),
            framed(&[]),
        ];
        for frame in wrong {
            assert!(question.is_answered_by(&frame).is_err(), "{frame:?}");
        }
        let mut in_pieces = answers(7, 2, &good);
        in_pieces[6] = 0;
        assert!(question.is_answered_by(&in_pieces).is_err(), "Snap7 puts the third piece in the wrong place");
    }

    #[test]
    fn a_header_that_begins_no_frame_is_refused() {
        assert_eq!(rest_of([3, 0, 0, 22]), Some(18));
        for header in [[2, 0, 0, 22], [3, 0, 0, 6], [3, 0, 0xFF, 0xFF], [0; 4]] {
            assert_eq!(rest_of(header), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(asked in prop::collection::vec(any::<u8>(), 0..60), answered in prop::collection::vec(any::<u8>(), 0..60)) {
            drop(Question::of(&asked));
            for question in [Question::of(&asks_for(1, &[2])), Question::of(&framed(&asked)), Some(Question::Connect)].into_iter().flatten() {
                let _judged = question.is_answered_by(&answered);
                let _judged = question.is_answered_by(&framed(&answered));
            }
        }
    }
}
