//! One after the other for what is about the same thing: looking whether it was done and doing it must not be two things.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, Weak},
};
use tokio::sync::{Mutex, OwnedMutexGuard};

#[derive(Default)]
pub struct Turns(std::sync::Mutex<HashMap<String, Weak<Mutex<()>>>>);

impl Turns {
    /// Returns when it is our turn, which lasts as long as what is returned.
    pub async fn wait(&self, about: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| turn.strong_count() > 0);
            let waiting = turns.get(about).and_then(Weak::upgrade);
            waiting.unwrap_or_else(|| {
                let turn = Arc::default();
                turns.insert(about.to_string(), Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test(start_paused = true)]
    async fn the_same_thing_waits_and_another_does_not() {
        let turns = Turns::default();
        let first = turns.wait("a").await;
        let soon = Duration::from_secs(1);
        assert!(timeout(soon, turns.wait("b")).await.is_ok());
        assert!(timeout(soon, turns.wait("a")).await.is_err());
        drop(first);
        assert!(timeout(soon, turns.wait("a")).await.is_ok());
    }
}
