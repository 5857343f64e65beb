//! Anthropic's Messages API. JSON is had by a tool that must be called; input from the cache is told apart from the rest.

use super::{
    dialect::{Dialect, Over},
    heard::{Heard, HeardCall},
    openai::text,
};
use crate::{outward::Request, secret::Secret};
use millwright_domain::model_call::{CallFailed, Ending, Prompt, Rendered, Tool, ToolCall, Usage};
use millwright_domain::plain::cleaned;
use serde_json::{Value, json};

const VERSION: &str = "2023-06-01";

pub(super) struct Anthropic {
    /// Without its version: `https://api.anthropic.com`.
    pub api: String,
    pub model: String,
}

impl Anthropic {
    fn to(&self, parts: &[&str], key: Option<&Secret>) -> Request {
        let request = parts.iter().fold(Request::post(&self.api), |request, part| request.part(part)).header("anthropic-version", VERSION);
        match key {
            Some(key) => request.secret_header("x-api-key", key.expose()),
            None => request,
        }
    }

    /// What counting and asking have in common.
    fn asked(&self, prompt: &Prompt) -> Value {
        let mut body = json!({ "model": self.model, "system": prompt.system(), "messages": messages(prompt) });
        let mut tools: Vec<Value> = prompt.tools().iter().map(tool).collect();
        if let Some(wanted) = prompt.wanted() {
            tools.push(json!({ "name": wanted.name, "description": "Gives the answer.", "input_schema": wanted.schema }));
            // With tools of its own to choose from it may use those first.
            body["tool_choice"] = if prompt.tools().is_empty() { json!({ "type": "tool", "name": wanted.name }) } else { json!({ "type": "any" }) };
        }
        if !tools.is_empty() {
            body["tools"] = tools.into();
        }
        body
    }
}

impl Dialect for Anthropic {
    fn request(&self, prompt: &Prompt, key: Option<&Secret>, streaming: bool) -> Result<Request, CallFailed> {
        let mut body = self.asked(prompt);
        body["max_tokens"] = prompt.max_output().into();
        if let Some(temperature) = prompt.wanted_temperature() {
            body["temperature"] = temperature.into();
        }
        if streaming {
            body["stream"] = true.into();
        }
        Ok(self.to(&["v1", "messages"], key).json(&body))
    }

    fn whole(&self, prompt: &Prompt, body: &Value) -> Result<Heard, String> {
        let content = body["content"].as_array().ok_or("there is no content in it")?;
        let mut heard = Heard { model: text(&body["model"]), ending: ending(&body["stop_reason"]), ..Heard::default() };
        let mut told = Told::default();
        told.take(&body["usage"]);
        heard.usage = told.usage();
        for block in content {
            match block["type"].as_str() {
                Some("text") => heard.text.push_str(block["text"].as_str().unwrap_or_default()),
                Some("tool_use") => {
                    heard.calls.push(HeardCall { id: text(&block["id"]), tool: text(&block["name"]), arguments: block["input"].to_string() })
                }
                _ => {}
            }
        }
        answered(prompt, &mut heard);
        Ok(heard)
    }

    fn frame(&self, prompt: &Prompt, frame: &str, heard: &mut Heard) -> Result<Over, String> {
        let event: Value = serde_json::from_str(frame).map_err(|cause| format!("a piece is no JSON: {cause}"))?;
        let mut told = Told::of(heard.usage);
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => {
                heard.model = text(&event["message"]["model"]);
                told.take(&event["message"]["usage"]);
                heard.usage = told.usage();
            }
            "content_block_start" if event["content_block"]["type"] == "tool_use" => {
                let block = &event["content_block"];
                heard.calls.push(HeardCall { id: text(&block["id"]), tool: text(&block["name"]), arguments: String::new() });
            }
            // Blocks come one after the other, so a piece belongs to the last one.
            "content_block_delta" => match event["delta"]["type"].as_str() {
                Some("text_delta") => heard.text.push_str(event["delta"]["text"].as_str().unwrap_or_default()),
                Some("input_json_delta") => {
                    if let Some(call) = heard.calls.last_mut() {
                        call.arguments.push_str(event["delta"]["partial_json"].as_str().unwrap_or_default());
                    }
                }
                _ => {}
            },
            "message_delta" => {
                heard.ending = ending(&event["delta"]["stop_reason"]);
                told.take(&event["usage"]);
                heard.usage = told.usage();
            }
            "message_stop" => {
                if heard.ending.is_none() {
                    return Err("it ended without a reason".into());
                }
                answered(prompt, heard);
                return Ok(Over::Yes);
            }
            "error" => return Err(cleaned(event.pointer("/error/message").and_then(Value::as_str).unwrap_or("it does not say why"), 200)),
            _ => {}
        }
        Ok(Over::No)
    }

    fn counting(&self, prompt: &Prompt, key: Option<&Secret>) -> Option<Request> {
        Some(self.to(&["v1", "messages", "count_tokens"], key).json(&self.asked(prompt)))
    }
    fn counted(&self, body: &Value) -> Option<u64> {
        body["input_tokens"].as_u64()
    }
}

/// The call of the tool that gives the answer is the answer.
fn answered(prompt: &Prompt, heard: &mut Heard) {
    let Some(wanted) = prompt.wanted() else { return };
    let Some(at) = heard.calls.iter().position(|call| call.tool == wanted.name) else { return };
    let call = heard.calls.swap_remove(at);
    heard.text = call.arguments;
    heard.calls.clear();
    heard.ending = heard.ending.map(|ending| if ending == Ending::Tools { Ending::Done } else { ending });
}

fn messages(prompt: &Prompt) -> Vec<Value> {
    let turn = |turn: Rendered<'_>| match turn {
        Rendered::User(text) => json!({ "role": "user", "content": text }),
        Rendered::Assistant(said) => {
            let spoken = (!said.text.is_empty()).then(|| json!({ "type": "text", "text": said.text }));
            let call = |call: &ToolCall| json!({ "type": "tool_use", "id": call.id, "name": call.tool, "input": call.arguments });
            json!({ "role": "assistant", "content": spoken.into_iter().chain(said.calls.iter().map(call)).collect::<Vec<_>>() })
        }
        Rendered::Results(results) => {
            let result = results.iter().map(|result| json!({ "type": "tool_result", "tool_use_id": result.call, "content": result.text }));
            json!({ "role": "user", "content": result.collect::<Vec<_>>() })
        }
    };
    prompt.turns().into_iter().map(turn).collect()
}

fn tool(tool: &Tool) -> Value {
    json!({ "name": tool.name, "description": tool.description, "input_schema": tool.parameters })
}

fn ending(reason: &Value) -> Option<Ending> {
    match reason.as_str()? {
        "max_tokens" | "model_context_window_exceeded" => Some(Ending::Cut),
        "tool_use" => Some(Ending::Tools),
        "refusal" => Some(Ending::Withheld),
        _ => Some(Ending::Done),
    }
}

/// A stream tells its figures twice: input at the start, output, all of it so far, at the end. Later ones count.
#[derive(Default)]
struct Told {
    input: Option<u64>,
    output: Option<u64>,
    cache_read: u64,
    cache_write: u64,
}

impl Told {
    fn of(usage: Option<Usage>) -> Self {
        let told = |usage: Usage| Self {
            input: Some(usage.input),
            output: Some(usage.output),
            cache_read: usage.cache_read,
            cache_write: usage.cache_write,
        };
        usage.map(told).unwrap_or_default()
    }
    fn take(&mut self, usage: &Value) {
        let figure = |name: &str| usage[name].as_u64();
        self.input = figure("input_tokens").or(self.input);
        self.output = figure("output_tokens").or(self.output);
        self.cache_read = figure("cache_read_input_tokens").unwrap_or(self.cache_read);
        self.cache_write = figure("cache_creation_input_tokens").unwrap_or(self.cache_write);
    }
    /// Input tokens do not count what came from the cache; thoughts are part of the output and not told apart.
    fn usage(&self) -> Option<Usage> {
        let (cache_read, cache_write) = (self.cache_read, self.cache_write);
        Some(Usage { input: self.input?, cache_read, cache_write, output: self.output?, reasoning: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_beside_the_cache_is_added_and_the_last_output_counts() {
        let mut told = Told::default();
        told.take(&json!({"input_tokens": 20, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 500, "output_tokens": 1}));
        told.take(&json!({"output_tokens": 42}));
        assert_eq!(told.usage(), Some(Usage { input: 20, cache_read: 500, cache_write: 100, output: 42, reasoning: 0 }));
        assert_eq!(Told::default().usage(), None);
    }
}
