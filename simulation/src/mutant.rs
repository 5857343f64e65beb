//! Bugs planted on purpose, one for each invariant: what finds them is worth trusting.

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mutant {
    /// A log that says "durable" before it is, and then loses its power.
    LogLies,
    /// An executor that sends what was only proposed.
    ActsUnasked,
    /// An executor that sends a begun write again when it finds it after a restart.
    SendsAgainAfterRestart,
    /// A dispatcher that forgets reservations when it is restored.
    ForgetsReservations,
    /// A projection that is fed all facts but some.
    ProjectionSkips,
    /// A fold that depends on more than the facts.
    FoldDependsOnChance,
    /// A worker that never runs: what was begun is never ended.
    NobodyFinishes,
}
