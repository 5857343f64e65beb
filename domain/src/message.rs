//! A message to a person or a program, and what comes back: typed, so that no adapter has to guess.

use crate::{
    Timestamp,
    action::Proposal,
    approval::Asked,
    case::{Outcome, Severity},
    ids::{ActionId, ActorId, CaseId, EffectId},
    sealed::Sealed,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use thiserror::Error;

/// A way to reach somebody. Also the adapter's name in an effect's target: `whatsapp:ann`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Whatsapp,
    Telegram,
    Email,
    /// A program that takes Standard Webhooks.
    Webhook,
    /// The file of notices and the page: always there.
    Notice,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no way to reach somebody; use whatsapp, telegram, email, webhook or notice")]
pub struct UnknownChannel(String);

impl Channel {
    pub const ALL: [Self; 5] = [Self::Whatsapp, Self::Telegram, Self::Email, Self::Webhook, Self::Notice];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
            Self::Telegram => "telegram",
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Notice => "notice",
        }
    }
    /// Whether the target drops what it got twice. Chat and mail do not, and cannot be asked.
    pub const fn knows_keys(self) -> bool {
        matches!(self, Self::Webhook | Self::Notice)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Channel {
    type Err = UnknownChannel;
    fn from_str(text: &str) -> Result<Self, UnknownChannel> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == text).ok_or_else(|| UnknownChannel(text.chars().take(40).collect()))
    }
}

/// What a person is told. Kept as JSON in the body of its effect; plain text, never HTML.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// One line: the subject of a mail, the first line of a chat.
    pub headline: String,
    /// Lines of plain text.
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Answers to press; none for a mere message. At most three.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
    /// Where to look: the dashboard at the sensor and the time in question, the case's page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// The same was sent before, and nobody knows whether it arrived.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeat: bool,
}

impl Message {
    pub fn plain(headline: impl Into<String>, text: impl Into<String>) -> Self {
        Self { headline: headline.into(), text: text.into(), severity: None, buttons: vec![], links: vec![], repeat: false }
    }

    /// As it is kept in the body of an effect: a notice is read as it is, everything else by its adapter.
    pub fn body_for(&self, target: &str) -> String {
        if target.split(':').next() == Some(Channel::Notice.as_str()) {
            return self.to_string();
        }
        serde_json::to_string(self).expect("texts are JSON")
    }

    pub fn of_body(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }
}

/// Text and links, a line each. The headline goes before it, or into the subject.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        self.links.iter().try_for_each(|link| write!(f, "\n{}: {}", link.title, link.url))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Button {
    /// Comes back when it is pressed. 1 to 64 bytes (Telegram's limit), see [`Answer`].
    pub id: String,
    /// Up to 20 characters (WhatsApp's limit).
    pub title: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    pub title: String,
    pub url: String,
}

/// What can be answered to a question from a phone. The first yes to what takes several is given at the page.
pub fn buttons(proposal: &Proposal, asked: &Asked) -> Vec<Button> {
    let yes = Button { id: Answer::yes_button(proposal.action, &proposal.binding()), title: "Yes".into() };
    let no = Button { id: Answer::no_button(proposal.action), title: "No".into() };
    if proposal.risk.yes_needed() > 1 && asked.yes.is_empty() { vec![no] } else { vec![yes, no] }
}

/// What somebody's words or a pressed button mean here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To what a button named, or else to what the person was asked last. `binding` is the beginning of what was shown.
    Yes {
        action: Option<ActionId>,
        binding: Option<String>,
    },
    No {
        action: Option<ActionId>,
    },
    /// "fixed bearing", "false alarm": how the case ended.
    Ended(Outcome),
    /// "seen": somebody looks after it.
    Seen,
    /// Kept, and nothing follows.
    Words,
}

/// So many hex digits of a binding go into a button: 64 bits.
pub const BINDING_SHOWN: usize = 16;

impl Answer {
    /// A button's id: `y:<action>:<beginning of the binding>` or `n:<action>`.
    pub fn yes_button(action: ActionId, binding: &str) -> String {
        format!("y:{action}:{}", &binding[..binding.len().min(BINDING_SHOWN)])
    }
    pub fn no_button(action: ActionId) -> String {
        format!("n:{action}")
    }
    pub const SEEN_BUTTON: &str = "seen";

    /// What a pressed button means; `None` for one that is not ours.
    pub fn of_button(id: &str) -> Option<Self> {
        let mut parts = id.split(':');
        let answer = match parts.next()? {
            "y" => {
                let action = Some(parts.next()?.parse().ok()?);
                let binding = parts.next()?;
                let is_hex = binding.len() == BINDING_SHOWN && binding.bytes().all(|byte| byte.is_ascii_hexdigit());
                Self::Yes { action, binding: Some(is_hex.then(|| binding.to_string())?) }
            }
            "n" => Self::No { action: Some(parts.next()?.parse().ok()?) },
            Self::SEEN_BUTTON => Self::Seen,
            _ => return None,
        };
        parts.next().is_none().then_some(answer)
    }

    /// What typed words mean. Short and plain ones only: whoever writes more is understood by people, not by us.
    pub fn of_words(text: &str) -> Self {
        let words: Vec<String> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| word.to_lowercase()).take(9).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            ["y" | "yes" | "ok" | "approve" | "approved" | "ja" | "j"] => Self::Yes { action: None, binding: None },
            ["n" | "no" | "reject" | "rejected" | "nein"] => Self::No { action: None },
            ["seen" | "ack" | "acknowledged"] => Self::Seen,
            ["false", "alarm", ..] | ["fehlalarm", ..] => Self::Ended(Outcome::FalseAlarm),
            ["no", "effect", ..] => Self::Ended(Outcome::NoEffect),
            // "not fixed" and "fixed?" are no report of a repair.
            ["fixed" | "repaired" | "replaced", ..] if words.len() <= 8 && !text.contains('?') && !words.contains(&"not") => {
                Self::Ended(Outcome::Repaired)
            }
            _ => Self::Words,
        }
    }
}

/// An enrolled person wrote, or pressed a button. Verified at the door; what follows from it, if anything, is another fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageReceived {
    pub channel: Channel,
    /// The channel's own name of the message; one message is recorded once.
    pub delivery: String,
    pub by: ActorId,
    pub answer: Answer,
    /// As it was written, cleaned of control characters.
    pub words: Sealed,
    /// The case it was about, if that is plain; else the one that the person was told of last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    #[serde(default, skip_serializing_if = "RefersTo::is_nothing")]
    pub refers_to: RefersTo,
    /// By the channel's own clock. What waited for hours on its way is not about what was asked in the meantime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<Timestamp>,
}

/// What somebody pointed at with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefersTo {
    #[default]
    Nothing,
    /// A message of ours.
    Message(EffectId),
    /// A message that we do not know.
    Unknown,
}

impl RefersTo {
    pub(crate) const fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }
}

/// It was sent, no answer came, and the channel cannot be asked whether it arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageUnknown {
    pub effect: EffectId,
    pub attempt: u32,
    pub reason: String,
}

/// The channel had taken it, and says now that it could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageNotDelivered {
    pub effect: EffectId,
    pub reason: String,
}

/// The channel says that the person has it on the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageRead {
    pub effect: EffectId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    #[test]
    fn a_button_fits_in_64_bytes_and_means_what_it_was_made_for() {
        let action = ActionId(Uuid::from_u128(u128::MAX));
        let binding = "0123456789abcdef0123456789abcdef";
        let yes = Answer::yes_button(action, binding);
        assert!(yes.len() <= 64, "{yes}");
        assert_eq!(Answer::of_button(&yes), Some(Answer::Yes { action: Some(action), binding: Some("0123456789abcdef".into()) }));
        assert_eq!(Answer::of_button(&Answer::no_button(action)), Some(Answer::No { action: Some(action) }));
        for strange in ["", "y", "y:1:2", &format!("y:{action}"), &format!("y:{action}:"), &format!("{yes}:more"), "drop table"] {
            assert_eq!(Answer::of_button(strange), None, "{strange}");
        }
    }

    #[test]
    fn plain_words_mean_what_people_mean_by_them() {
        let yes = Answer::Yes { action: None, binding: None };
        for (words, meant) in [
            ("Y", yes.clone()),
            (" yes! ", yes),
            ("N", Answer::No { action: None }),
            ("fixed bearing", Answer::Ended(Outcome::Repaired)),
            ("Replaced the drive-end bearing.", Answer::Ended(Outcome::Repaired)),
            ("false alarm", Answer::Ended(Outcome::FalseAlarm)),
            ("False alarm, sensor cable was loose", Answer::Ended(Outcome::FalseAlarm)),
            ("seen", Answer::Seen),
            ("fixed?", Answer::Words),
            ("not fixed", Answer::Words),
            ("fixed nothing, it is not the bearing", Answer::Words),
            ("yes but only to 80 percent", Answer::Words),
            ("no idea", Answer::Words),
            ("", Answer::Words),
        ] {
            assert_eq!(Answer::of_words(words), meant, "{words:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reading_of_answers(text in ".{0,200}") {
            let _ = Answer::of_words(&text);
            let _ = Answer::of_button(&text);
        }
    }
}
