//! An exhaustive check of what acts on a machine: every order of small steps, up to a bound, on the real rules and the real fold.
//!
//! Real are `decide` and `Site::evolve`. Executor, gate and index of answers are small models of the shipped ones (`executor.rs`, `world.rs`).
//! `judge.rs` holds what must be true of every fact and every write; it asks neither the rules nor the fold. Begin with `scope.rs`.
//!
//! Asks may arrive at any time, late or never: what is in flight needs no place of its own, but for the last words of runs that ended. People's
//! answers come under a new id each time, which is harder than the same id twice.
//!
//! Not in it: clocks that differ, bytes that leave long after the gate's last look, two cases on one machine. A write that began may leave for two
//! more seconds whatever is switched, locked, closed or adopted meanwhile; that is so by design.

mod account;
mod after;
mod ask;
mod cast;
mod executor;
mod judge;
mod menu;
mod mutant;
mod rules;
mod scope;
mod search;
mod step;
mod tests;
mod world;
