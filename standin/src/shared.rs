//! What a server and its routes share: what it holds, and its own time.

use crate::Time;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) struct Shared<S> {
    state: Arc<Mutex<S>>,
    pub time: Time,
}

impl<S> Shared<S> {
    pub fn new(state: S, time: Time) -> Self {
        Self { state: Arc::new(Mutex::new(state)), time }
    }
    pub fn state(&self) -> MutexGuard<'_, S> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Default> Default for Shared<S> {
    fn default() -> Self {
        Self::new(S::default(), Time::default())
    }
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), time: self.time.clone() }
    }
}
