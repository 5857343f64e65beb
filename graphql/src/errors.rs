//! Errors as people and programs get them: a sentence, and a stable code in the extensions.

use async_graphql::{Error, ErrorExtensions};
use millwright_commands::NotAnswered;
use millwright_domain::access::NotAllowed;
use millwright_projections::{NoPast, NotReached};
use std::fmt::Display;

pub(crate) const TOO_SLOW: &str = "TOO_SLOW";

/// The request cannot be meant as it stands.
pub(crate) fn bad_input(message: impl Display) -> Error {
    coded("BAD_INPUT", message)
}

pub(crate) fn not_found(message: impl Display) -> Error {
    coded("NOT_FOUND", message)
}

/// More at once than one client may have.
pub(crate) fn too_many(message: impl Display) -> Error {
    coded("TOO_MANY", message)
}

pub(crate) fn too_slow() -> Error {
    coded(TOO_SLOW, "the answer takes too long; ask for less at once")
}

pub(crate) fn not_allowed(cause: NotAllowed) -> Error {
    coded("NOT_ALLOWED", cause)
}

pub(crate) fn not_reached(cause: NotReached) -> Error {
    coded("NOT_REACHED", cause)
}

pub(crate) fn not_answered(cause: NotAnswered) -> Error {
    let code = match &cause {
        NotAnswered::NobodyOwns(_) => "NOBODY_OWNS",
        NotAnswered::OwnerSilent(_) => "OWNER_SILENT",
        NotAnswered::Stopped(_) => "STOPPED",
        NotAnswered::Log(_) | NotAnswered::Answers(_) => "LOG",
    };
    coded(code, cause)
}

/// A time that cannot be shown, or not yet.
pub(crate) fn no_past(cause: NoPast) -> Error {
    match cause {
        NoPast::Empty | NoPast::BeforeTheFirst { .. } | NoPast::NotYet { .. } => bad_input(cause),
        NoPast::StillReplaying(progress) => coded("STILL_REPLAYING", cause).extend_with(|_, extensions| {
            extensions.set("done", progress.done);
            extensions.set("of", progress.of);
            extensions.set("etaS", progress.left.map(|left| left.as_secs()));
        }),
        ours => storage(ours),
    }
}

/// What is only ever of the present.
pub(crate) fn not_temporal(what: &str) -> Error {
    coded("NOT_TEMPORAL", format!("{what} is known of the present only; ask for it in a request without asOf"))
}

/// Ours to mend: the cause goes to the log, not to whoever asked.
pub(crate) fn storage(cause: impl std::error::Error) -> Error {
    tracing::error!(cause = %cause, deeper = ?cause.source(), "a question could not be answered from what is stored");
    coded("STORAGE", "this could not be read from what is stored; the program's log says why")
}

fn coded(code: &'static str, message: impl Display) -> Error {
    Error::new(message.to_string()).extend_with(|_, extensions| extensions.set("code", code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::Value;
    use millwright_projections::Progress;
    use std::time::Duration;

    #[test]
    fn who_asks_for_a_past_that_is_being_folded_is_told_how_far_it_is() {
        let progress = Progress { done: 30, of: 120, left: Some(Duration::from_secs(9)) };
        let error = no_past(NoPast::StillReplaying(progress));
        let told = |name| error.extensions.as_ref().and_then(|extensions| extensions.get(name)).cloned();
        assert_eq!(told("code"), Some(Value::from("STILL_REPLAYING")));
        assert_eq!([told("done"), told("of"), told("etaS")], [30, 120, 9].map(|number: u64| Some(Value::from(number))));
        assert!(error.message.contains("30 of 120 facts; ask again"), "{}", error.message);
    }
}
