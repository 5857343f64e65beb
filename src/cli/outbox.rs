//! `millwright outbox`: what was given up or may not have arrived, and what a person wants done with it.

use super::ask::{done, graphql, shown};
use crate::settings::Settings;
use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct Outbox {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What waits for a person: given up, or sent with no telling whether it arrived.
    List,
    /// Try it again. What may have arrived may then arrive twice.
    Retry {
        /// As in the list.
        id: String,
    },
    /// It is not to be delivered any more.
    Drop {
        /// As in the list.
        id: String,
    },
}

const LIST: &str = "{ deadLetters { id target subject stage attempts reason wantedAt } }";
const RETRY: &str = "mutation($id: ID!) { done: retryNotice(notice: $id) { reason } }";
const DROP: &str = "mutation($id: ID!) { done: dropNotice(notice: $id) { reason } }";

impl Outbox {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        match self.what {
            What::List => {
                let answer = graphql(settings, LIST, json!({})).await?;
                let letters = answer["deadLetters"].as_array().map_or(&[][..], Vec::as_slice);
                if letters.is_empty() {
                    println!("nothing waits for a person");
                }
                letters.iter().for_each(|letter| println!("{}", line(letter)));
            }
            What::Retry { id } => {
                done(&graphql(settings, RETRY, json!({ "id": id })).await?["done"])?;
                println!("it is tried again");
            }
            What::Drop { id } => {
                done(&graphql(settings, DROP, json!({ "id": id })).await?["done"])?;
                println!("it is dropped");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn line(letter: &Value) -> String {
    let state = if letter["stage"] == "UNKNOWN" { "may have arrived" } else { "given up" };
    let [id, target, subject, reason, at] = ["id", "target", "subject", "reason", "wantedAt"].map(|key| shown(&letter[key]));
    format!("{id}  {at}  {target}\n    {subject}\n    {state} after {} attempts: {reason}", letter["attempts"])
}
