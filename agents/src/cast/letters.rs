//! The crew's work on a case as letters, so that people can watch it: what the conductor asks, and what each answers. Told only where who
//! writes and who is written to are on the crew.

use super::briefing::Briefing;
use crate::insist::service;
use millwright_commands::{MOST_LETTER, SendLetter};
use millwright_domain::{
    Timestamp,
    case::Severity,
    ids::{ActorId, CaseId, LetterId, derived},
    letter::{Addressee, LetterKind},
    priority::Priority,
};

/// To everyone: whoever has something to say answers it.
pub fn question(case: &Briefing, due_at: Timestamp) -> SendLetter {
    let cause = case.cause().map_or_else(|| "what is wrong".into(), |cause| cause.as_str().replace('_', " "));
    let body = format!("{}: {cause}. What do you know of it? The report goes out at {due_at}.", case.asset.id);
    let priority = match case.severity {
        Some(Severity::Critical) => Priority::Critical,
        Some(Severity::High) => Priority::High,
        _ => Priority::Medium,
    };
    SendLetter { to: Addressee::Everyone, kind: LetterKind::Question, priority, ..letter(case.case, "question", body) }
}

/// What one of the crew says, in reply to the question.
pub fn answer(case: CaseId, by: &ActorId, text: &str) -> SendLetter {
    let end = text.char_indices().map(|(at, letter)| at + letter.len_utf8()).take_while(|end| *end <= MOST_LETTER).last();
    let body = text[..end.unwrap_or(0)].to_string();
    let answered = LetterId(derived(&case.to_string(), "letter question", 0));
    SendLetter { in_reply_to: Some(answered), ..letter(case, by.as_str(), body) }
}

fn letter(case: CaseId, of: &str, body: String) -> SendLetter {
    SendLetter {
        // The same after a restart, so that nothing is written twice.
        letter: LetterId(derived(&case.to_string(), &format!("letter {of}"), 0)),
        to: Addressee::Agent(service("svc-conductor")),
        kind: LetterKind::Answer,
        priority: Priority::Medium,
        body,
        words: None,
        case: Some(case),
        task: None,
        in_reply_to: None,
        requires_ack: false,
    }
}
