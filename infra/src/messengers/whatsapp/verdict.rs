//! What Meta's error codes mean. They say more than the status: 400 may mean any of them.
//!
//! The codes are those of "Error codes" in Meta's documentation of the WhatsApp Business Platform.

use crate::outward::{Again, Reply};
use millwright_domain::ports::messenger::NotTaken;
use serde::Deserialize;
use std::time::Duration;

pub enum Refused {
    /// More than a day since the person's last message: only a template is taken.
    WindowIsOver(String),
    Is(NotTaken),
}

impl From<Refused> for NotTaken {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::WindowIsOver(why) => Self::ForGood(why),
            Refused::Is(not_taken) => not_taken,
        }
    }
}

#[derive(Deserialize)]
struct Body {
    error: Error,
}

#[derive(Deserialize)]
struct Error {
    code: i64,
}

pub fn refused(reply: &Reply) -> Refused {
    // An error of Meta's own form says that the message was not sent, whatever the status.
    let Ok(Body { error }) = reply.json() else { return Refused::Is(reply.not_taken(Again::Unsafe)) };
    let said = format!("WhatsApp answered {} with code {}: {}", reply.status, error.code, reply.words());
    let busy = |seconds| {
        let wait = reply.retry_after().unwrap_or(Duration::from_secs(seconds));
        NotTaken::Busy { reason: format!("{said}; it is asked again in {} s", wait.as_secs()), wait }
    };
    Refused::Is(match error.code {
        131_047 => return Refused::WindowIsOver(said),
        // Token and its permissions; account blocked, locked, unpaid; number not registered or deleted.
        0 | 3 | 10 | 33 | 190 | 200..=299 | 368 | 131_005 | 131_031 | 131_042 | 133_010 => {
            NotTaken::Away(format!("{said}; mend messages.whatsapp.token, its permissions or the account in Meta's Business Manager"))
        }
        // Calls of the app, calls of the account, messages of the number.
        4 | 80_007 | 130_429 => busy(60),
        // To this person.
        131_056 => busy(10),
        // Too many people blocked the number or called it spam.
        131_048 => busy(1_800),
        // Maintenance of the account, as when its throughput is raised.
        131_057 => busy(300),
        2 | 131_000 | 131_016 | 133_004 => NotTaken::ForNow(said),
        // Nobody knows what is meant, so the status decides.
        1 => reply.not_taken(Again::Unsafe),
        _ if reply.status >= 500 || reply.status == 429 => reply.not_taken(Again::Unsafe),
        _ => NotTaken::ForGood(said),
    })
}
