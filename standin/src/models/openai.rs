//! OpenAI's chat completions and embeddings: refuses what OpenAI refuses.

use super::{
    ModelServer, Shared,
    render::{error, event, pieces, streamed, unknown, whole},
    script::{Asked, Bill, Given, Refusal, tokens, tokens_in},
};
use axum::{
    Json, Router,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};

const KNOWN: [&str; 9] =
    ["model", "messages", "max_completion_tokens", "temperature", "seed", "tools", "response_format", "stream", "stream_options"];

pub(super) fn routes(shared: Shared) -> Router {
    Router::new().route("/v1/chat/completions", post(chat)).route("/v1/embeddings", post(embeddings)).with_state(shared)
}

fn refused(status: u16, code: &str, message: &str) -> Response {
    let kind = if status == 429 {
        "rate_limit_error"
    } else if status >= 500 {
        "server_error"
    } else {
        "invalid_request_error"
    };
    error(status, None, json!({ "error": { "message": message, "type": kind, "param": null, "code": code } }))
}

fn turned_away(headers: &HeaderMap, body: &Value) -> Option<Response> {
    let shown = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if shown != format!("Bearer {}", ModelServer::KEY) {
        return Some(refused(
            401,
            "invalid_api_key",
            "Incorrect API key provided: sk-stand***. You can find your API key at https://platform.openai.com/account/api-keys.",
        ));
    }
    if body["model"] != ModelServer::MODEL {
        let said = format!("The model `{}` does not exist or you do not have access to it.", body["model"].as_str().unwrap_or_default());
        return Some(refused(404, "model_not_found", &said));
    }
    None
}

async fn chat(State(shared): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let malformed = || well_formed(&body).err().map(|said| refused(400, "invalid_value", &said));
    if let Some(refusal) = turned_away(&headers, &body).or_else(malformed) {
        return refusal;
    }
    let asked = asked(&body);
    let answer = {
        let mut script = shared.state();
        script.asked.push(body.clone());
        script.answer(&asked)
    };
    let given = match answer {
        Ok(given) => given,
        Err(Refusal::TooOften(seconds)) => {
            let body = json!({ "error": { "message": "Rate limit reached for standin-1", "type": "requests", "param": null, "code": "rate_limit_exceeded" } });
            return error(429, Some(seconds), body);
        }
        Err(Refusal::Overloaded) => return refused(503, "overloaded", "The engine is currently overloaded, please try again later"),
        Err(Refusal::Fails) => return refused(500, "server_error", "The server had an error while processing your request. Sorry about that!"),
    };
    if asked.streaming { stream(&given, body["stream_options"]["include_usage"] == true) } else { whole(given.end, completion(&given)).await }
}

fn well_formed(body: &Value) -> Result<(), String> {
    if let Some(field) = unknown(body, &KNOWN) {
        return Err(format!("Unrecognized request argument supplied: {field}"));
    }
    if body["max_completion_tokens"].as_u64().is_none_or(|most| most == 0) {
        return Err("Invalid 'max_completion_tokens': integer below minimum value.".into());
    }
    if !body["stream_options"].is_null() && body["stream"] != true {
        return Err("The 'stream_options' parameter is only allowed when 'stream' is enabled.".into());
    }
    let format = &body["response_format"];
    if !format.is_null() {
        let inner = &format["json_schema"];
        if format["type"] != "json_schema" || !inner["name"].is_string() || !inner["schema"].is_object() {
            return Err("Missing required parameter: 'response_format.json_schema'.".into());
        }
        if inner["strict"] == true && inner["schema"]["additionalProperties"] != false {
            return Err(
                "Invalid schema for response_format: In context=(), 'additionalProperties' is required to be supplied and to be false.".into()
            );
        }
    }
    messages_are_well_formed(body["messages"].as_array().ok_or("Missing required parameter: 'messages'.")?)
}

fn messages_are_well_formed(messages: &[Value]) -> Result<(), String> {
    let mut open: Vec<&str> = vec![];
    for (at, message) in messages.iter().enumerate() {
        match message["role"].as_str() {
            Some("tool") => {
                let call = message["tool_call_id"].as_str().unwrap_or_default();
                let known = open.iter().position(|known| *known == call);
                open.remove(
                    known.ok_or("Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.")?,
                );
            }
            Some("system" | "user" | "assistant" | "developer") if open.is_empty() => {}
            Some("system" | "user" | "assistant" | "developer") => {
                return Err("An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.".into());
            }
            _ => return Err(format!("Invalid value: 'messages[{at}].role'.")),
        }
        if !message["content"].is_string() {
            return Err(format!("Invalid value for 'content': expected a string, got null. messages.[{at}].content"));
        }
        open.extend(message["tool_calls"].as_array().into_iter().flatten().filter_map(|call| call["id"].as_str()));
    }
    if messages.is_empty() { Err("Invalid 'messages': empty array.".into()) } else { Ok(()) }
}

fn asked(body: &Value) -> Asked {
    Asked {
        input: tokens_in(&body["messages"]) + tokens_in(&body["tools"]),
        max_output: body["max_completion_tokens"].as_u64().unwrap_or(1),
        schema: body.pointer("/response_format/json_schema/schema").cloned(),
        tools: body["tools"].as_array().into_iter().flatten().filter_map(|tool| tool["function"]["name"].as_str().map(str::to_string)).collect(),
        streaming: body["stream"] == true,
    }
}

fn usage(bill: &Bill) -> Value {
    json!({
        "prompt_tokens": bill.input,
        "completion_tokens": bill.output,
        "total_tokens": bill.total(),
        "prompt_tokens_details": { "cached_tokens": bill.cached, "audio_tokens": 0 },
        "completion_tokens_details": { "reasoning_tokens": bill.thought, "audio_tokens": 0 },
    })
}

fn reason(given: &Given) -> &'static str {
    match (given.is_withheld, given.is_cut, &given.call) {
        (true, ..) => "content_filter",
        (_, true, _) => "length",
        (_, _, Some(_)) => "tool_calls",
        _ => "stop",
    }
}

fn completion(given: &Given) -> Value {
    let mut message = json!({ "role": "assistant", "content": given.text, "refusal": null });
    if let Some((tool, arguments)) = &given.call {
        message["content"] = Value::Null;
        message["tool_calls"] =
            json!([{ "id": "call_abc123", "type": "function", "function": { "name": tool, "arguments": arguments.to_string() } }]);
    }
    let choice = json!({ "index": 0, "message": message, "logprobs": null, "finish_reason": reason(given) });
    let mut body =
        json!({ "id": "chatcmpl-1", "object": "chat.completion", "created": 1_767_225_600, "model": "standin-1-2026-01-01", "choices": [choice] });
    if given.tells_usage {
        body["usage"] = usage(&given.bill);
    }
    body
}

fn stream(given: &Given, with_usage: bool) -> Response {
    let chunk = |delta: Value, reason: Value| {
        let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": reason });
        json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_767_225_600, "model": "standin-1-2026-01-01", "choices": [choice] })
    };
    let mut before = vec![event(&chunk(json!({ "role": "assistant", "content": "" }), Value::Null))];
    before.extend(pieces(given).into_iter().map(|piece| event(&chunk(json!({ "content": piece }), Value::Null))));
    if let Some((tool, arguments)) = &given.call {
        let arguments = arguments.to_string();
        let (one, other) = arguments.split_at(super::script::half(&arguments));
        let begun = json!([{ "index": 0, "id": "call_abc123", "type": "function", "function": { "name": tool, "arguments": "" } }]);
        before.push(event(&chunk(json!({ "tool_calls": begun }), Value::Null)));
        for part in [one, other] {
            before.push(event(&chunk(json!({ "tool_calls": [{ "index": 0, "function": { "arguments": part } }] }), Value::Null)));
        }
    }
    let mut after = vec![event(&chunk(json!({}), reason(given).into()))];
    if with_usage && given.tells_usage {
        let mut last = chunk(json!({}), Value::Null);
        (last["choices"], last["usage"]) = (json!([]), usage(&given.bill));
        after.push(event(&last));
    }
    after.push("data: [DONE]\n\n".into());
    streamed("text/event-stream", given.end, before, after)
}

async fn embeddings(State(shared): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if let Some(refusal) = turned_away(&headers, &body) {
        return refusal;
    }
    let Some(texts) = body["input"].as_array() else { return refused(400, "invalid_value", "'$.input' is invalid.") };
    let rows: Vec<Value> =
        texts.iter().enumerate().map(|(index, text)| json!({ "object": "embedding", "index": index, "embedding": vector(text) })).collect();
    let input = tokens_in(&body["input"]);
    shared.state().bills.push(Bill { input, ..Bill::default() });
    Json(json!({ "object": "list", "data": rows, "model": ModelServer::MODEL, "usage": { "prompt_tokens": input, "total_tokens": input } }))
        .into_response()
}

/// Three numbers that tell one text from another.
pub(super) fn vector(text: &Value) -> [f64; 3] {
    let text = text.as_str().unwrap_or_default();
    [text.len() as f64, tokens(text) as f64, f64::from(text.bytes().next().unwrap_or_default())]
}
