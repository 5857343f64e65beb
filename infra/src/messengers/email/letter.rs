//! A mail as it is written: what is in its header, and its text.

use crate::{messengers::draft, outward::cleaned};
use lettre::{
    Address,
    message::{
        Mailbox, Message as Mail,
        header::{ContentType, HeaderName, HeaderValue},
    },
};
use millwright_domain::{Timestamp, effect::EffectWanted, message::Message};
use sha2::{Digest, Sha256};
use std::time::{Duration, UNIX_EPOCH};

/// A mail that people read on a screen is shorter by far.
const LONGEST_TEXT: usize = 20_000;

pub struct Letter {
    pub from: Address,
    pub to: Address,
    /// The Message-ID, with its brackets.
    pub id: String,
    pub bytes: Vec<u8>,
}

pub fn written(from: &Mailbox, to: Address, effect: &EffectWanted, message: &Message, at: Timestamp) -> Result<Letter, String> {
    let domain = from.email.domain();
    // Mail systems and programs drop a second mail of the same id, or show the two as one.
    let id = format!("<{}@{domain}>", digest(&effect.idempotency_key));
    let mut mail = Mail::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(draft::headline(message))
        .message_id(Some(id.clone()))
        .date(UNIX_EPOCH + Duration::from_micros(u64::try_from(at.micros()).unwrap_or(0)))
        .header(ContentType::TEXT_PLAIN)
        // So that no holiday notice answers us.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()));
    if let Some(case) = effect.case {
        // No mail has this id; all mails of the case name it, and that makes them one thread.
        let thread = format!("<case-{case}@{domain}>");
        mail = mail.in_reply_to(thread.clone()).references(thread);
    }
    let mail = mail
        .body(draft::plain(message, LONGEST_TEXT))
        .map_err(|cause| format!("the mail cannot be written: {}", cleaned(&cause.to_string(), 200)))?;
    Ok(Letter { from: from.email.clone(), to, id, bytes: mail.formatted() })
}

fn digest(key: &str) -> String {
    Sha256::digest(key.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
