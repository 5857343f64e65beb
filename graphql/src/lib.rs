//! How people and programs ask: GraphQL with subscriptions, the few HTTP endpoints beside it, and the web page.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod access;
mod as_of;
mod auditing;
mod case_watch;
mod codes;
mod crew;
mod curve;
mod errors;
mod granting;
mod http;
pub mod inbound;
mod inspecting;
mod limits;
mod loaders;
mod models;
mod mutation;
mod notes;
mod outside;
mod query;
mod scalars;
mod schema;
mod scope;
mod state;
mod subscription;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod trying;
mod types;
mod watching;

pub use granting::made_up as made_up_password;
pub use http::router;
pub use loaders::Loaders;
pub use schema::{MOST_COMPLEXITY, MOST_DEPTH, Schema, schema, sdl};
pub use state::{AppState, MetricsPage, Origin, PartHealth, Parts, ShownSetting};
