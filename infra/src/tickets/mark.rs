//! Hidden marks at the end of what we write, by which it is known again; and texts cut to what a system takes, with their marks whole.

use millwright_domain::ids::{CaseId, TaskId};
use sha2::{Digest, Sha256};

const BEGINS: &str = "<!-- millwright:";
const ENDS: &str = " -->";
const CUT: &str = "\n\n… cut here; the whole text is in Millwright.";

/// Whose ticket it is.
pub fn of_case(case: CaseId) -> String {
    mark("case", &case.to_string())
}

/// Whose card it is.
pub fn of_task(task: TaskId) -> String {
    mark("task", &task.to_string())
}

/// Which result a card shows: the fence it was delivered under.
pub fn of_result(fence: u64) -> String {
    mark("result", &fence.to_string())
}

/// Which work it was made by. The key itself may hold anything, so its digest stands for it.
pub fn of_key(key: &str) -> String {
    mark("key", &digest(key))
}

/// The labels that are ours. Others on the ticket are people's, and stay.
pub fn of_labels(labels: &[String]) -> String {
    mark("labels", &labels.join(","))
}

/// 32 hexadecimal digits.
pub fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn mark(kind: &str, value: &str) -> String {
    format!("{BEGINS}{kind}={value}{ENDS}")
}

/// The last mark of a kind: ours stand at the end.
fn found<'a>(kind: &str, text: &'a str) -> Option<&'a str> {
    let begins = format!("{BEGINS}{kind}=");
    let value = &text[text.rfind(&begins)? + begins.len()..];
    value.split_once(ENDS).map(|(value, _)| value)
}

pub fn is_of_case(case: CaseId, text: &str) -> bool {
    found("case", text) == Some(case.to_string().as_str())
}

pub fn case_in(text: &str) -> Option<CaseId> {
    found("case", text)?.parse().ok()
}

pub fn task_in(text: &str) -> Option<TaskId> {
    found("task", text)?.parse().ok()
}

pub fn result_in(text: &str) -> Option<u64> {
    found("result", text)?.parse().ok()
}

pub fn has(mark: &str, text: &str) -> bool {
    text.contains(mark)
}

/// Whether we wrote it, whatever account it stands under.
pub fn is_ours(text: &str) -> bool {
    text.contains(BEGINS)
}

/// Whether a label is people's, so that it stays whatever ours are from now on. `body` is as the ticket has it now.
pub fn is_of_people(label: &str, body: &str, ours: &[String]) -> bool {
    let before = found("labels", body).unwrap_or_default();
    !before.split(',').any(|ours| ours == label) && !ours.iter().any(|ours| ours == label)
}

/// How a system counts towards its longest text.
#[derive(Debug, Clone, Copy)]
pub enum Counted {
    /// As JavaScript and Java do: UTF-16.
    Units(usize),
    /// Bytes, with what HTML escapes at its escaped length.
    EscapedBytes(usize),
}

impl Counted {
    const fn longest(self) -> usize {
        match self {
            Self::Units(longest) | Self::EscapedBytes(longest) => longest,
        }
    }
    fn of(self, c: char) -> usize {
        match self {
            Self::Units(_) => c.len_utf16(),
            Self::EscapedBytes(_) if "<>&\"'".contains(c) => 6,
            Self::EscapedBytes(_) => c.len_utf8(),
        }
    }
    fn count(self, text: &str) -> usize {
        text.chars().map(|c| self.of(c)).sum()
    }
    /// As much of the beginning as fits into `room`.
    fn begin(self, text: &str, room: usize) -> &str {
        let mut counted = 0;
        let end = text.char_indices().find(|(_, c)| {
            counted += self.of(*c);
            counted > room
        });
        end.map_or(text, |(end, _)| &text[..end])
    }
}

/// The body with its marks after it, cut if need be. What looks like a mark in the body is none.
pub fn marked(body: &str, marks: &[String], counted: Counted) -> String {
    let body = body.replace(BEGINS, "<!-- millwright ");
    let end = if marks.is_empty() { String::new() } else { format!("\n\n{}", marks.join("\n")) };
    if counted.count(&body) + counted.count(&end) <= counted.longest() {
        return body + &end;
    }
    let room = counted.longest().saturating_sub(counted.count(&end) + counted.count(CUT));
    format!("{}{CUT}{end}", counted.begin(&body, room).trim_end())
}

/// One line of at most so many UTF-16 units.
pub fn title(text: &str, longest: usize) -> String {
    let line = crate::outward::cleaned(text, longest);
    Counted::Units(longest).begin(&line, longest).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn strings(labels: &[&str]) -> Vec<String> {
        labels.iter().map(|label| label.to_string()).collect()
    }

    #[test]
    fn a_ticket_is_known_by_its_mark_and_not_by_a_text_that_looks_like_one() {
        let (ours, other) = (CaseId(Uuid::from_u128(1)), CaseId(Uuid::from_u128(2)));
        let body = marked(&format!("about {}", of_case(other)), &[of_case(ours)], Counted::Units(1_000));
        assert!(is_of_case(ours, &body) && !is_of_case(other, &body), "{body}");
        assert_eq!(case_in(&body), Some(ours));
        assert_eq!(case_in("by hand"), None);
    }

    #[test]
    fn labels_of_people_stay_and_former_ones_of_ours_go() {
        let body = marked("x", &[of_labels(&strings(&["millwright", "severity-low"]))], Counted::Units(1_000));
        let ours = strings(&["millwright", "severity-high"]);
        let stays = |label: &str| is_of_people(label, &body, &ours);
        assert_eq!([stays("night-shift"), stays("severity-low"), stays("severity-high"), stays("")], [true, false, false, true]);
    }

    proptest! {
        #[test]
        fn however_long_a_text_is_its_marks_stay_whole_and_it_fits(body in "[a-z<&🔧ü\n]{0,300}", longest in 200usize..400) {
            let marks = [of_case(CaseId(Uuid::from_u128(7)))];
            for counted in [Counted::Units(longest), Counted::EscapedBytes(longest)] {
                let text = marked(&body, &marks, counted);
                prop_assert!(text.ends_with(&marks[0]));
                prop_assert!(counted.count(&text) <= longest, "{} > {longest}", counted.count(&text));
            }
        }
    }
}
