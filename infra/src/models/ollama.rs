//! Ollama, a server of one's own: lines of JSON, schemas as `format`, and a context that must be asked for.

use super::{
    dialect::{Dialect, Embedded, Over},
    frames::Framing,
    heard::{Heard, HeardCall},
    openai::{numbers, text},
};
use crate::{outward::Request, secret::Secret};
use millwright_domain::model_call::{CallFailed, Ending, Prompt, Rendered, Tool, ToolCall, Usage};
use millwright_domain::plain::cleaned;
use serde_json::{Value, json};

pub(super) struct Ollama {
    /// `http://127.0.0.1:11434`
    pub api: String,
    pub model: String,
    /// It silently drops the beginning of what does not fit into its context, and that is small unless it is told.
    pub context: u64,
}

impl Ollama {
    fn to(&self, method: &str, key: Option<&Secret>) -> Request {
        let request = Request::post(&self.api).part("api").part(method);
        // It knows no keys; a proxy in front of it may.
        match key {
            Some(key) => request.bearer(key),
            None => request,
        }
    }
}

impl Dialect for Ollama {
    fn request(&self, prompt: &Prompt, key: Option<&Secret>, streaming: bool) -> Result<Request, CallFailed> {
        let mut options = json!({ "num_predict": prompt.max_output(), "num_ctx": self.context });
        if let Some(temperature) = prompt.wanted_temperature() {
            options["temperature"] = temperature.into();
        }
        if let Some(seed) = prompt.wanted_seed() {
            options["seed"] = (seed & 0x7fff_ffff).into();
        }
        // Left out it would stream.
        let mut body = json!({ "model": self.model, "messages": messages(prompt), "options": options, "stream": streaming });
        if !prompt.tools().is_empty() {
            let tool = |tool: &Tool| json!({ "type": "function", "function": { "name": tool.name, "description": tool.description, "parameters": tool.parameters } });
            body["tools"] = prompt.tools().iter().map(tool).collect();
        }
        if let Some(wanted) = prompt.wanted().filter(|_| prompt.tools().is_empty()) {
            body["format"] = wanted.schema.clone();
        }
        Ok(self.to("chat", key).json(&body))
    }

    fn whole(&self, _prompt: &Prompt, body: &Value) -> Result<Heard, String> {
        let mut heard = Heard::default();
        take(body, &mut heard)?;
        if body["message"].is_object() { Ok(heard) } else { Err("there is no message in it".into()) }
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn frame(&self, _prompt: &Prompt, frame: &str, heard: &mut Heard) -> Result<Over, String> {
        let line: Value = serde_json::from_str(frame).map_err(|cause| format!("a piece is no JSON: {cause}"))?;
        take(&line, heard)?;
        Ok(if line["done"] == true { Over::Yes } else { Over::No })
    }

    fn embedding(&self, texts: &[String], key: Option<&Secret>) -> Option<Request> {
        Some(self.to("embed", key).json(&json!({ "model": self.model, "input": texts })))
    }
    fn embedded(&self, body: &Value) -> Result<Embedded, String> {
        let rows = body["embeddings"].as_array().ok_or("there are no embeddings in it")?;
        let usage = body["prompt_eval_count"].as_u64().map(|input| Usage { input, ..Usage::default() });
        Ok(Embedded { vectors: rows.iter().map(numbers).collect(), usage, model: text(&body["model"]) })
    }
}

fn messages(prompt: &Prompt) -> Vec<Value> {
    let mut messages = vec![json!({ "role": "system", "content": prompt.system() })];
    for turn in prompt.turns() {
        match turn {
            Rendered::User(content) => messages.push(json!({ "role": "user", "content": content })),
            Rendered::Assistant(said) => {
                let call = |call: &ToolCall| json!({ "function": { "name": call.tool, "arguments": call.arguments } });
                let mut message = json!({ "role": "assistant", "content": said.text });
                if !said.calls.is_empty() {
                    message["tool_calls"] = said.calls.iter().map(call).collect();
                }
                messages.push(message);
            }
            Rendered::Results(results) => {
                messages.extend(results.iter().map(|result| json!({ "role": "tool", "tool_name": result.tool, "content": result.text })));
            }
        }
    }
    messages
}

fn take(body: &Value, heard: &mut Heard) -> Result<(), String> {
    if let Some(said) = body["error"].as_str() {
        return Err(cleaned(said, 200));
    }
    heard.text.push_str(body.pointer("/message/content").and_then(Value::as_str).unwrap_or_default());
    for call in body.pointer("/message/tool_calls").and_then(Value::as_array).into_iter().flatten() {
        let function = &call["function"];
        heard.calls.push(HeardCall { id: String::new(), tool: text(&function["name"]), arguments: function["arguments"].to_string() });
    }
    if let Some(model) = body["model"].as_str() {
        heard.model = model.into();
    }
    if body["done"] == true {
        heard.ending = Some(match body["done_reason"].as_str() {
            Some("length") => Ending::Cut,
            _ if !heard.calls.is_empty() => Ending::Tools,
            _ => Ending::Done,
        });
        // A prompt that it had kept is not counted at all, and then the figure is missing.
        heard.usage =
            body["prompt_eval_count"].as_u64().zip(body["eval_count"].as_u64()).map(|(input, output)| Usage { input, output, ..Usage::default() });
    }
    Ok(())
}
