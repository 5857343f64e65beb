//! Who works on facts: the monitor notices, the rules say why, the readings tell the outcome; each asks for a command and decides nothing else.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod boarding;
pub mod call_keeper;
pub mod call_record;
pub mod cast;
pub mod checkpoint;
pub mod clerk;
pub mod conductor;
pub mod diagnosis;
pub mod evaluate;
pub mod executor;
pub mod fact_tail;
pub mod feedback;
pub mod gateway;
pub mod health_watch;
pub mod insist;
pub mod inspector;
pub mod ledger_purse;
pub mod librarian;
pub mod manuals;
pub mod messages;
pub mod model_desk;
pub mod monitor;
pub mod office;
pub mod outbox;
pub mod precedent;
pub mod proposer;
pub mod publisher;
pub mod recovery;
pub mod remember;
pub mod replies;
mod said_once;
mod seeded;
pub mod shredder;
pub mod site_tail;
pub mod tester;
#[cfg(test)]
mod testing;
pub mod ticket_poll;
pub mod ticketing;
pub mod timekeeper;
pub mod tracer;
pub mod watch;
pub mod what_if;
