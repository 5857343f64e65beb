//! Google's Gemini by `generateContent`. Schemas are cut down to the part of JSON Schema that it knows.

use super::{
    dialect::{Dialect, Embedded, Over},
    heard::{Heard, HeardCall},
    openai::{numbers, text},
};
use crate::{
    outward::{Reply, Request},
    secret::Secret,
};
use millwright_domain::model_call::{CallFailed, Ending, Prompt, Rendered, Tool, Usage};
use millwright_domain::plain::cleaned;
use serde_json::{Map, Value, json};

/// What its schemas know.
const KNOWN: [&str; 20] = [
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "items",
    "properties",
    "required",
    "anyOf",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
    "pattern",
    "propertyOrdering",
];

pub(super) struct Gemini {
    /// With its version: `https://generativelanguage.googleapis.com/v1beta`.
    pub api: String,
    pub model: String,
}

impl Gemini {
    fn to(&self, method: &str, key: Option<&Secret>) -> Request {
        let request = Request::post(&self.api).part("models").part(&format!("{}:{method}", self.model));
        match key {
            Some(key) => request.secret_header("x-goog-api-key", key.expose()),
            None => request,
        }
    }

    fn asked(prompt: &Prompt) -> Value {
        let mut body = json!({ "systemInstruction": { "parts": [{ "text": prompt.system() }] }, "contents": contents(prompt) });
        if !prompt.tools().is_empty() {
            let tool = |tool: &Tool| json!({ "name": tool.name, "description": tool.description, "parameters": known(&tool.parameters) });
            body["tools"] = json!([{ "functionDeclarations": prompt.tools().iter().map(tool).collect::<Vec<_>>() }]);
        }
        body
    }
}

impl Dialect for Gemini {
    fn request(&self, prompt: &Prompt, key: Option<&Secret>, streaming: bool) -> Result<Request, CallFailed> {
        let mut config = json!({ "maxOutputTokens": prompt.max_output() });
        if let Some(temperature) = prompt.wanted_temperature() {
            config["temperature"] = temperature.into();
        }
        if let Some(seed) = prompt.wanted_seed() {
            // It takes 32 bits.
            config["seed"] = (seed & 0x7fff_ffff).into();
        }
        // It does not take tools and a schema together: then the schema is only checked here.
        if let Some(wanted) = prompt.wanted().filter(|_| prompt.tools().is_empty()) {
            config["responseMimeType"] = "application/json".into();
            config["responseSchema"] = known(&wanted.schema);
        }
        let mut body = Self::asked(prompt);
        body["generationConfig"] = config;
        let request = if streaming { self.to("streamGenerateContent", key).query("alt", "sse") } else { self.to("generateContent", key) };
        Ok(request.json(&body))
    }

    fn whole(&self, _prompt: &Prompt, body: &Value) -> Result<Heard, String> {
        let mut heard = Heard::default();
        take(body, &mut heard);
        match heard.ending {
            Some(_) => Ok(heard),
            None => Err(format!("there is no candidate in it{}", blocked(body))),
        }
    }

    fn frame(&self, _prompt: &Prompt, frame: &str, heard: &mut Heard) -> Result<Over, String> {
        let piece: Value = serde_json::from_str(frame).map_err(|cause| format!("a piece is no JSON: {cause}"))?;
        if let Some(said) = piece.pointer("/error/message").and_then(Value::as_str) {
            return Err(cleaned(said, 200));
        }
        take(&piece, heard);
        if let Some(why) = piece.pointer("/promptFeedback/blockReason").and_then(Value::as_str) {
            return Err(format!("the prompt was blocked ({})", cleaned(why, 60)));
        }
        // The piece with the reason is the last and has the figures of the whole.
        Ok(if heard.ending.is_some() { Over::Yes } else { Over::No })
    }

    /// A wrong key is answered 400.
    fn failed(&self, reply: &Reply) -> Option<CallFailed> {
        let is_key = reply.status == 400 && String::from_utf8_lossy(&reply.body).contains("API_KEY_INVALID");
        is_key.then(|| {
            CallFailed::NotAuthorised(format!("{} answered {}: {}; mend the key under models.deployments", reply.place, reply.status, reply.words()))
        })
    }

    fn counting(&self, prompt: &Prompt, key: Option<&Secret>) -> Option<Request> {
        let mut request = Self::asked(prompt);
        request["model"] = format!("models/{}", self.model).into();
        Some(self.to("countTokens", key).json(&json!({ "generateContentRequest": request })))
    }
    fn counted(&self, body: &Value) -> Option<u64> {
        body["totalTokens"].as_u64()
    }

    fn embedding(&self, texts: &[String], key: Option<&Secret>) -> Option<Request> {
        let model = format!("models/{}", self.model);
        let one = |text: &String| json!({ "model": model, "content": { "parts": [{ "text": text }] } });
        Some(self.to("batchEmbedContents", key).json(&json!({ "requests": texts.iter().map(one).collect::<Vec<_>>() })))
    }
    fn embedded(&self, body: &Value) -> Result<Embedded, String> {
        let rows = body["embeddings"].as_array().ok_or("there are no embeddings in it")?;
        // It says nothing of tokens.
        Ok(Embedded { vectors: rows.iter().map(|row| numbers(&row["values"])).collect(), usage: None, model: self.model.clone() })
    }
}

fn contents(prompt: &Prompt) -> Vec<Value> {
    let turn = |turn: Rendered<'_>| match turn {
        Rendered::User(text) => json!({ "role": "user", "parts": [{ "text": text }] }),
        Rendered::Assistant(said) => {
            let spoken = (!said.text.is_empty()).then(|| json!({ "text": said.text }));
            let calls = said.calls.iter().map(|call| json!({ "functionCall": { "name": call.tool, "args": call.arguments } }));
            json!({ "role": "model", "parts": spoken.into_iter().chain(calls).collect::<Vec<_>>() })
        }
        Rendered::Results(results) => {
            let result = results.iter().map(|result| json!({ "functionResponse": { "name": result.tool, "response": { "result": result.text } } }));
            json!({ "role": "user", "parts": result.collect::<Vec<_>>() })
        }
    };
    prompt.turns().into_iter().map(turn).collect()
}

fn take(body: &Value, heard: &mut Heard) {
    for part in body.pointer("/candidates/0/content/parts").and_then(Value::as_array).into_iter().flatten() {
        if part["thought"] == true {
            continue;
        }
        heard.text.push_str(part["text"].as_str().unwrap_or_default());
        if let Some(call) = part.get("functionCall") {
            let arguments = if call["args"].is_null() { "{}".into() } else { call["args"].to_string() };
            heard.calls.push(HeardCall { id: text(&call["id"]), tool: text(&call["name"]), arguments });
        }
    }
    if let Some(model) = body["modelVersion"].as_str() {
        heard.model = model.into();
    }
    heard.usage = usage(&body["usageMetadata"]).or(heard.usage);
    let ending = body.pointer("/candidates/0/finishReason").and_then(Value::as_str).map(|reason| match reason {
        "STOP" if heard.calls.is_empty() => Ending::Done,
        "STOP" => Ending::Tools,
        "MAX_TOKENS" => Ending::Cut,
        // SAFETY, RECITATION, PROHIBITED_CONTENT and their like.
        _ => Ending::Withheld,
    });
    heard.ending = ending.or(heard.ending);
}

fn blocked(body: &Value) -> String {
    body.pointer("/promptFeedback/blockReason").and_then(Value::as_str).map(|why| format!(" ({})", cleaned(why, 60))).unwrap_or_default()
}

/// The prompt's count has the cached part in it; candidates may be missing, and thoughts are beside them.
fn usage(told: &Value) -> Option<Usage> {
    let figure = |name: &str| told[name].as_u64();
    let prompt = figure("promptTokenCount")?;
    let (cached, tools) = (figure("cachedContentTokenCount").unwrap_or_default().min(prompt), figure("toolUsePromptTokenCount").unwrap_or_default());
    let reasoning = figure("thoughtsTokenCount").unwrap_or_default();
    let beside = prompt.saturating_add(tools).saturating_add(reasoning);
    // Whichever says more: a count that is missing must not pass for nothing.
    let output = figure("candidatesTokenCount").unwrap_or_default().max(figure("totalTokenCount").unwrap_or_default().saturating_sub(beside));
    Some(Usage { input: prompt - cached + tools, cache_read: cached, cache_write: 0, output, reasoning })
}

/// Properties are kept by whatever name; keywords only if they are known.
fn known(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, _)| KNOWN.contains(&key.as_str())).map(|(key, value)| match (key.as_str(), value) {
                ("properties", Value::Object(properties)) => {
                    (key.clone(), Value::Object(properties.iter().map(|(name, inner)| (name.clone(), known(inner))).collect()))
                }
                ("items" | "anyOf", inner) => (key.clone(), known(inner)),
                _ => (key.clone(), value.clone()),
            });
            Value::Object(kept.collect::<Map<_, _>>())
        }
        Value::Array(list) => list.iter().map(known).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_is_missing_is_made_up_from_the_total() {
        let told = json!({"promptTokenCount": 100, "cachedContentTokenCount": 60, "thoughtsTokenCount": 30, "totalTokenCount": 150});
        assert_eq!(usage(&told), Some(Usage { input: 40, cache_read: 60, cache_write: 0, output: 20, reasoning: 30 }));
        assert_eq!(usage(&json!({"promptTokenCount": 10, "candidatesTokenCount": 5})).map(|usage| usage.total()), Some(15));
    }

    #[test]
    fn a_schema_keeps_its_properties_and_loses_what_is_not_known() {
        let schema = json!({"type": "object", "$schema": "x", "additionalProperties": false, "properties": {"additionalProperties": {"type": "string", "const": "x"}}});
        assert_eq!(known(&schema), json!({"type": "object", "properties": {"additionalProperties": {"type": "string"}}}));
    }
}
