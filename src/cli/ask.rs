//! Asks the program that runs here over its own GraphQL, so that the command line decides nothing by itself.

use super::reach::reach;
use crate::settings::Settings;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// The data of the answer; errors as one sentence.
pub async fn graphql(settings: &Settings, query: &str, variables: Value) -> Result<Value> {
    graphql_patient(settings, query, variables, PATIENCE).await
}

/// For what takes longer.
pub async fn graphql_patient(settings: &Settings, query: &str, variables: Value, patience: Duration) -> Result<Value> {
    let (asking, base) = reach(settings, patience)?;
    let url = format!("{base}/graphql");
    let mut asked = asking.post(&url).json(&json!({ "query": query, "variables": variables }));
    if let Ok(token) = std::env::var("MILLWRIGHT_TOKEN") {
        asked = asked.bearer_auth(token);
    }
    let sent = asked.send().await;
    let sent = sent.with_context(|| format!("nothing answers at {url}; is millwright running? --listen asks another"))?;
    let mut answer: Value = sent.json().await.context("the answer is not what millwright answers")?;
    if let Some(first) = answer.pointer("/errors/0/message").and_then(Value::as_str) {
        bail!("{first}");
    }
    Ok(answer["data"].take())
}

/// What a mutation was answered; a refusal is an error with its reason.
pub fn done(answer: &Value) -> Result<()> {
    match answer.get("reason").and_then(Value::as_str) {
        Some(reason) => bail!("{reason}"),
        None => Ok(()),
    }
}

/// A text of an answer, made safe for a terminal: what came from outside may hold anything.
pub fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_string);
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// The same for a text of several lines, each behind `margin`, so that none of them can pass for ours.
pub fn shown_lines(value: &Value, margin: &str) -> String {
    let text = value.as_str().unwrap_or_default();
    text.lines().map(|line| format!("{margin}{}\n", shown(&Value::String(line.into())))).collect()
}
