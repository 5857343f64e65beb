//! Saying why: rules over quantity kinds, kept in YAML that a plant can edit, replay against history, and replace while running.

mod book;
mod condition;
mod judge;
mod naming;
mod parse;
mod rule;

pub use book::{CannotLoad, RuleBook};
pub use condition::{Condition, Of, RuleFeature};
pub use judge::Diagnosis;
pub use naming::{Naming, Nominations};
pub use parse::{BadRules, schema};
pub use rule::{Explained, Rule, Rules};

#[cfg(test)]
mod tests;
