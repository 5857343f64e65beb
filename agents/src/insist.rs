//! Asking until there is an answer: a worker may not go on before it knows, and the same id makes repeating safe.

use chrono::TimeDelta;
use millwright_commands::{Answered, Ask, Commands};
use millwright_domain::{
    ids::{ActorId, CommandId, derived},
    ports::clock::Clock,
    position::PartitionId,
};
use tokio_util::sync::CancellationToken;

/// The longest pause between two tries.
const PAUSE_AT_MOST: TimeDelta = TimeDelta::seconds(10);

/// How long a stopping worker still listens for its answer.
const LAST_WORDS: TimeDelta = TimeDelta::seconds(3);

/// `None` only if the program is told to stop first; the next start asks again.
pub async fn insist(commands: &Commands, clock: &dyn Clock, partition: &PartitionId, ask: Ask, stop: &CancellationToken) -> Option<Answered> {
    let mut pause = TimeDelta::milliseconds(100);
    loop {
        let answer = tokio::select! {
            biased;
            answer = commands.ask(partition, ask.clone()) => answer,
            () = last_call(clock, stop) => return None,
        };
        match answer {
            Ok(answered) => return Some(answered),
            Err(error) => {
                tracing::warn!(partition = %partition, command = ask.command.name(), %error, "{} got no answer; asking again", ask.command.name());
            }
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            () = clock.wall_reaches(clock.now().wall + pause) => pause = (pause * 2).min(PAUSE_AT_MOST),
        }
    }
}

/// Ends a while after everything stops: an answer that is on its way is still heard.
pub(crate) async fn last_call(clock: &dyn Clock, stop: &CancellationToken) {
    stop.cancelled().await;
    clock.wall_reaches(clock.now().wall + LAST_WORDS).await;
}

/// An id that a repeated reaction repeats.
pub fn reaction_id(cause: impl ToString, reaction: &str, number: u32) -> CommandId {
    CommandId(derived(&cause.to_string(), reaction, number))
}

/// The name of a part of Millwright.
pub(crate) fn service(name: &'static str) -> ActorId {
    name.parse().expect("a literal that is a name")
}
