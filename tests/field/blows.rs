//! What is done to the field, in an order that a seed decides.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Blow {
    MachineKilled {
        which: usize,
        seconds: f64,
    },
    /// Connections stay up and nothing is answered.
    MachinePaused {
        which: usize,
        seconds: f64,
    },
    /// The MQTT broker.
    BrokerKilled {
        seconds: f64,
    },
    /// The broker that the log is on.
    LogAway {
        seconds: f64,
    },
    /// No drain, no goodbye, and started again.
    ProgramKilled,
    ProgramPaused {
        seconds: f64,
    },
}

pub struct Schedule {
    luck: ChaCha8Rng,
    machines: usize,
    given: usize,
}

/// Every machine gets its turn, and each other blow comes once in a while.
pub fn schedule(seed: u64, machines: usize) -> Schedule {
    Schedule { luck: ChaCha8Rng::seed_from_u64(seed), machines, given: 0 }
}

impl Schedule {
    pub fn pause(&mut self) -> Duration {
        Duration::from_secs_f64(self.luck.random_range(0.5..2.0))
    }

    pub fn next(&mut self) -> Blow {
        self.given += 1;
        let which = (self.given / 2) % self.machines;
        let seconds = self.luck.random_range(0.5..3.5);
        // Every other blow is a machine's; between them the rest take turns.
        match self.given % 2 {
            1 if self.luck.random_bool(0.5) => Blow::MachineKilled { which, seconds },
            1 => Blow::MachinePaused { which, seconds },
            _ => match (self.given / 2) % 4 {
                0 => Blow::BrokerKilled { seconds },
                1 => Blow::ProgramKilled,
                2 => Blow::LogAway { seconds: seconds * 2.0 },
                _ => Blow::ProgramPaused { seconds },
            },
        }
    }
}
