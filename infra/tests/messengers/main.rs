//! Messengers and the door against servers that speak what the services speak, and fail as they fail.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod answers;
mod email;
mod mail_tls;
mod people;
mod telegram;
mod webhook;
mod whatsapp;
