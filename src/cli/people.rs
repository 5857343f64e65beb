//! `millwright people`: how people are known outside, and the codes that prove it.

use super::ask::{done, graphql, shown};
use crate::settings::Settings;
use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct People {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Who is known how.
    List,
    /// Make a code. Whoever sends it from a phone within ten minutes shows that the phone is that person's.
    Code {
        /// A pseudonym, as in the roster.
        person: String,
        /// whatsapp or telegram.
        way: String,
    },
    /// Write an address down, of a mailbox or an account. It is told things; nothing that comes from there counts as an approval.
    Add {
        person: String,
        /// email, github, salesforce, trello, whatsapp or telegram.
        way: String,
        address: String,
    },
    /// The person is known that way no more.
    Remove { person: String, way: String },
}

const LIST: &str = "{ contacts { person way addressHint proved codeExpiresAt } }";
const CODE: &str = "mutation($person: ID!, $way: String!) { offerEnrolment(person: $person, way: $way) { code expiresAt } }";
const ADD: &str =
    "mutation($person: ID!, $way: String!, $address: String!) { done: enrolContact(person: $person, way: $way, address: $address) { reason } }";
const REMOVE: &str = "mutation($person: ID!, $way: String!) { done: removeContact(person: $person, way: $way) { reason } }";

impl People {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        match self.what {
            What::List => {
                let answer = graphql(settings, LIST, json!({})).await?;
                for contact in answer["contacts"].as_array().map_or(&[][..], Vec::as_slice) {
                    let [person, way, hint] = ["person", "way", "addressHint"].map(|key| shown(&contact[key]));
                    let state = match (contact["proved"].as_bool(), contact["addressHint"].is_null()) {
                        (Some(true), _) => "proved by a code",
                        (_, false) => "written down",
                        _ if contact["codeExpiresAt"].is_null() => "removed",
                        _ => "a code waits to be sent",
                    };
                    println!("{person}  {way}  {hint}  {state}");
                }
            }
            What::Code { person, way } => {
                let answer = graphql(settings, CODE, json!({ "person": person, "way": way })).await?;
                let offer = &answer["offerEnrolment"];
                println!("{}", shown(&offer["code"]));
                eprintln!("to be sent by {way} to the plant's number or bot, until {}", shown(&offer["expiresAt"]));
            }
            What::Add { person, way, address } => {
                done(&graphql(settings, ADD, json!({ "person": person, "way": way, "address": address })).await?["done"])?;
                println!("written down");
            }
            What::Remove { person, way } => {
                done(&graphql(settings, REMOVE, json!({ "person": person, "way": way })).await?["done"])?;
                println!("removed");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
