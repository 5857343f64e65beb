//! OpenAI's chat completions, and whoever speaks as it does: vLLM, llama.cpp, LM Studio, most of the others.

use super::{
    dialect::{Dialect, Embedded, Over},
    heard::Heard,
};
use crate::{outward::Request, secret::Secret};
use millwright_domain::model_call::{CallFailed, Ending, Prompt, Rendered, Usage};
use serde_json::{Value, json};

pub(super) struct OpenAi {
    /// With its version: `https://api.openai.com/v1`.
    pub api: String,
    pub model: String,
    /// `max_completion_tokens`; older servers know `max_tokens` only.
    pub output_limit: String,
}

impl OpenAi {
    fn to(&self, parts: &[&str], key: Option<&Secret>) -> Request {
        let request = parts.iter().fold(Request::post(&self.api), |request, part| request.part(part));
        match key {
            Some(key) => request.bearer(key),
            None => request,
        }
    }
}

impl Dialect for OpenAi {
    fn request(&self, prompt: &Prompt, key: Option<&Secret>, streaming: bool) -> Result<Request, CallFailed> {
        let mut body = json!({ "model": self.model, "messages": messages(prompt) });
        body[&self.output_limit] = prompt.max_output().into();
        if let Some(temperature) = prompt.wanted_temperature() {
            body["temperature"] = temperature.into();
        }
        if let Some(seed) = prompt.wanted_seed() {
            // It is signed there.
            body["seed"] = (seed >> 1).into();
        }
        if !prompt.tools().is_empty() {
            let tool = |tool: &millwright_domain::model_call::Tool| json!({ "type": "function", "function": { "name": tool.name, "description": tool.description, "parameters": tool.parameters } });
            body["tools"] = prompt.tools().iter().map(tool).collect();
        }
        if let Some(wanted) = prompt.wanted() {
            let schema = json!({ "name": wanted.name, "schema": wanted.schema, "strict": is_strict(&wanted.schema) });
            body["response_format"] = json!({ "type": "json_schema", "json_schema": schema });
        }
        if streaming {
            body["stream"] = true.into();
            // Without it a stream says nothing of tokens.
            body["stream_options"] = json!({ "include_usage": true });
        }
        Ok(self.to(&["chat", "completions"], key).json(&body))
    }

    fn whole(&self, _prompt: &Prompt, body: &Value) -> Result<Heard, String> {
        let choice = body.pointer("/choices/0").ok_or("there is no choice in it")?;
        let message = &choice["message"];
        let mut heard = Heard { usage: usage(&body["usage"]), model: text(&body["model"]), ..Heard::default() };
        heard.text = text(&message["content"]);
        for (number, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
            take_call(&mut heard, number, call);
        }
        heard.ending = ending(&choice["finish_reason"]);
        if !text(&message["refusal"]).is_empty() {
            heard.ending = Some(Ending::Withheld);
        }
        Ok(heard)
    }

    fn frame(&self, _prompt: &Prompt, frame: &str, heard: &mut Heard) -> Result<Over, String> {
        if frame.trim() == "[DONE]" {
            return if heard.ending.is_some() { Ok(Over::Yes) } else { Err("it ended without a reason".into()) };
        }
        let chunk: Value = serde_json::from_str(frame).map_err(|cause| format!("a piece is no JSON: {cause}"))?;
        if let Some(said) = chunk.pointer("/error/message").and_then(Value::as_str) {
            return Err(millwright_domain::plain::cleaned(said, 200));
        }
        if let Some(model) = chunk["model"].as_str() {
            heard.model = model.into();
        }
        // Some servers tell it with each piece; the last one counts.
        heard.usage = usage(&chunk["usage"]).or(heard.usage);
        let Some(choice) = chunk.pointer("/choices/0") else { return Ok(Over::No) };
        heard.text.push_str(choice.pointer("/delta/content").and_then(Value::as_str).unwrap_or_default());
        for call in choice.pointer("/delta/tool_calls").and_then(Value::as_array).into_iter().flatten() {
            let number = call["index"].as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or_default();
            take_call(heard, number, call);
        }
        heard.ending = ending(&choice["finish_reason"]).or(heard.ending);
        Ok(Over::No)
    }

    fn embedding(&self, texts: &[String], key: Option<&Secret>) -> Option<Request> {
        Some(self.to(&["embeddings"], key).json(&json!({ "model": self.model, "input": texts, "encoding_format": "float" })))
    }

    fn embedded(&self, body: &Value) -> Result<Embedded, String> {
        let data = body["data"].as_array().ok_or("there is no data in it")?;
        let mut rows: Vec<(u64, Vec<f32>)> = data.iter().map(|row| (row["index"].as_u64().unwrap_or_default(), numbers(&row["embedding"]))).collect();
        rows.sort_by_key(|(index, _)| *index);
        let input = body.pointer("/usage/prompt_tokens").and_then(Value::as_u64);
        let usage = input.map(|input| Usage { input, ..Usage::default() });
        Ok(Embedded { vectors: rows.into_iter().map(|(_, vector)| vector).collect(), usage, model: text(&body["model"]) })
    }
}

fn messages(prompt: &Prompt) -> Vec<Value> {
    let mut messages = vec![json!({ "role": "system", "content": prompt.system() })];
    for turn in prompt.turns() {
        match turn {
            Rendered::User(content) => messages.push(json!({ "role": "user", "content": content })),
            Rendered::Assistant(said) => {
                let call = |call: &millwright_domain::model_call::ToolCall| json!({ "id": call.id, "type": "function", "function": { "name": call.tool, "arguments": call.arguments.to_string() } });
                let mut message = json!({ "role": "assistant", "content": said.text });
                if !said.calls.is_empty() {
                    message["tool_calls"] = said.calls.iter().map(call).collect();
                }
                messages.push(message);
            }
            Rendered::Results(results) => {
                messages.extend(results.iter().map(|result| json!({ "role": "tool", "tool_call_id": result.call, "content": result.text })));
            }
        }
    }
    messages
}

fn take_call(heard: &mut Heard, number: usize, call: &Value) {
    let Some(known) = heard.call(number) else { return };
    known.id.push_str(call["id"].as_str().unwrap_or_default());
    known.tool.push_str(call.pointer("/function/name").and_then(Value::as_str).unwrap_or_default());
    known.arguments.push_str(call.pointer("/function/arguments").and_then(Value::as_str).unwrap_or_default());
}

fn ending(reason: &Value) -> Option<Ending> {
    match reason.as_str()? {
        "length" => Some(Ending::Cut),
        "tool_calls" | "function_call" => Some(Ending::Tools),
        "content_filter" => Some(Ending::Withheld),
        _ => Some(Ending::Done),
    }
}

/// Prompt tokens count what came from the cache as well, and completion tokens what was thought.
fn usage(told: &Value) -> Option<Usage> {
    let (prompt, completion) = (told["prompt_tokens"].as_u64()?, told["completion_tokens"].as_u64()?);
    let part = |pointer| told.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    let cache_read = part("/prompt_tokens_details/cached_tokens").min(prompt);
    let reasoning = part("/completion_tokens_details/reasoning_tokens").min(completion);
    Some(Usage { input: prompt - cache_read, cache_read, cache_write: 0, output: completion - reasoning, reasoning })
}

/// Whether the schema is of the kind that OpenAI follows to the letter: closed objects with all their properties required. Another one is
/// a hint to the model, and an error if it is called strict.
fn is_strict(schema: &Value) -> bool {
    let is_closed = match schema.get("properties").and_then(Value::as_object) {
        None => schema.get("type").and_then(Value::as_str) != Some("object"),
        Some(properties) => {
            let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            schema.get("additionalProperties") == Some(&Value::Bool(false)) && properties.keys().all(|name| required.contains(&name.as_str()))
        }
    };
    is_closed
        && match schema {
            Value::Object(fields) => fields.values().all(is_strict),
            Value::Array(list) => list.iter().all(is_strict),
            _ => true,
        }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

pub(super) fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().into_iter().flatten().filter_map(Value::as_f64).map(|number| number as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_input_and_thoughts_are_counted_once() {
        let told = json!({"prompt_tokens": 1000, "completion_tokens": 300, "prompt_tokens_details": {"cached_tokens": 800}, "completion_tokens_details": {"reasoning_tokens": 250}});
        let usage = usage(&told).unwrap();
        assert_eq!(usage, Usage { input: 200, cache_read: 800, cache_write: 0, output: 50, reasoning: 250 });
        assert_eq!(usage.total(), 1300);
        assert_eq!(super::usage(&json!({"prompt_tokens": 5})), None, "half a figure is none");
    }

    #[test]
    fn only_a_closed_schema_is_called_strict() {
        let closed = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false});
        assert!(is_strict(&closed));
        for (key, value) in [("required", json!([])), ("additionalProperties", json!(true))] {
            let mut open = closed.clone();
            open[key] = value;
            assert!(!is_strict(&open) && !is_strict(&json!({"type": "array", "items": open})), "{key}");
        }
        assert!(!is_strict(&json!({"type": "object"})));
    }
}
