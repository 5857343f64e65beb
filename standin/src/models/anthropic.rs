//! Anthropic's Messages API: refuses what Anthropic refuses.

use super::{
    ModelServer, Shared,
    render::{error, named_event, pieces, streamed, unknown, whole},
    script::{Asked, Bill, Given, Refusal, half, tokens_in},
};
use axum::{
    Json, Router,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};

const KNOWN: [&str; 8] = ["model", "max_tokens", "system", "messages", "tools", "tool_choice", "temperature", "stream"];
const COUNTED: [&str; 5] = ["model", "system", "messages", "tools", "tool_choice"];

pub(super) fn routes(shared: Shared) -> Router {
    Router::new().route("/v1/messages", post(messages)).route("/v1/messages/count_tokens", post(count)).with_state(shared)
}

fn refused(status: u16, kind: &str, message: &str) -> Response {
    error(status, None, json!({ "type": "error", "error": { "type": kind, "message": message }, "request_id": "req_1" }))
}

fn turned_away(headers: &HeaderMap, body: &Value, known: &[&str]) -> Option<Response> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header("x-api-key") != ModelServer::KEY {
        return Some(refused(401, "authentication_error", "invalid x-api-key"));
    }
    if header("anthropic-version") != "2023-06-01" {
        return Some(refused(400, "invalid_request_error", "anthropic-version: header is required"));
    }
    if body["model"] != ModelServer::MODEL {
        return Some(refused(404, "not_found_error", &format!("model: {}", body["model"].as_str().unwrap_or_default())));
    }
    if let Some(field) = unknown(body, known) {
        return Some(refused(400, "invalid_request_error", &format!("{field}: Extra inputs are not permitted")));
    }
    well_formed(body["messages"].as_array()).err().map(|said| refused(400, "invalid_request_error", &said))
}

/// Roles are user and assistant only, a user begins, and each use of a tool has its result in the next message.
fn well_formed(messages: Option<&Vec<Value>>) -> Result<(), String> {
    let messages = messages.ok_or("messages: Field required")?;
    if messages.first().is_none_or(|first| first["role"] != "user") {
        return Err("messages: first message must use the \"user\" role".into());
    }
    let mut open: Vec<&str> = vec![];
    for (at, message) in messages.iter().enumerate() {
        let blocks: Vec<&Value> = message["content"].as_array().into_iter().flatten().collect();
        let role = message["role"].as_str().unwrap_or_default();
        if !["user", "assistant"].contains(&role) {
            return Err(format!("messages.{at}.role: Input should be 'user' or 'assistant'"));
        }
        if message["content"].as_str().is_some_and(str::is_empty) || (message["content"].is_array() && blocks.is_empty()) {
            return Err(format!("messages.{at}: all messages must have non-empty content"));
        }
        if blocks.iter().any(|block| block["type"] == "text" && block["text"].as_str().is_none_or(|text| text.trim().is_empty())) {
            return Err("messages: text content blocks must be non-empty".into());
        }
        let results: Vec<&str> = blocks.iter().filter_map(|block| block["tool_use_id"].as_str()).collect();
        if results != open {
            return Err(format!("messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after: {}", open.join(", ")));
        }
        open = blocks.iter().filter(|block| block["type"] == "tool_use").filter_map(|block| block["id"].as_str()).collect();
    }
    Ok(())
}

async fn count(headers: HeaderMap, Json(body): Json<Value>) -> Response {
    turned_away(&headers, &body, &COUNTED).unwrap_or_else(|| Json(json!({ "input_tokens": input(&body) })).into_response())
}

fn input(body: &Value) -> u64 {
    tokens_in(&body["system"]) + tokens_in(&body["messages"]) + tokens_in(&body["tools"])
}

async fn messages(State(shared): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if let Some(refusal) = turned_away(&headers, &body, &KNOWN) {
        return refusal;
    }
    let Some(most) = body["max_tokens"].as_u64().filter(|most| *most > 0) else {
        return refused(400, "invalid_request_error", "max_tokens: Field required");
    };
    let tool = |tool: &Value| tool["name"].as_str().map(str::to_string);
    let asked = Asked {
        input: input(&body),
        max_output: most,
        schema: None,
        tools: body["tools"].as_array().into_iter().flatten().filter_map(tool).collect(),
        streaming: body["stream"] == true,
    };
    // One that must be called gets what fits it; a text then is the argument.
    let forced = body["tool_choice"]["name"].as_str().map(str::to_string);
    let schema = body["tools"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|tool| forced.as_deref() == tool["name"].as_str())
        .map(|tool| tool["input_schema"].clone());
    let asked = Asked { schema, ..asked };
    let answer = {
        let mut script = shared.state();
        script.asked.push(body.clone());
        script.answer(&asked)
    };
    let given = match answer {
        Ok(given) => given,
        Err(Refusal::TooOften(seconds)) => {
            let said = json!({ "type": "error", "error": { "type": "rate_limit_error", "message": "This request would exceed your organization's rate limit" } });
            return error(429, Some(seconds), said);
        }
        Err(Refusal::Overloaded) => return refused(529, "overloaded_error", "Overloaded"),
        Err(Refusal::Fails) => return refused(500, "api_error", "Internal server error"),
    };
    if asked.streaming { stream(&given, forced) } else { whole(given.end, message(&given, forced)).await }
}

fn usage(bill: &Bill) -> Value {
    json!({
        "input_tokens": bill.input - bill.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": bill.cached,
        "output_tokens": bill.output,
    })
}

fn reason(given: &Given, forced: &Option<String>) -> &'static str {
    match (given.is_withheld, given.is_cut) {
        (true, _) => "refusal",
        (_, true) => "max_tokens",
        _ if given.call.is_some() || forced.is_some() => "tool_use",
        _ => "end_turn",
    }
}

fn message(given: &Given, forced: Option<String>) -> Value {
    let reason = reason(given, &forced);
    let block = match (&given.call, forced) {
        (Some((tool, arguments)), _) => json!({ "type": "tool_use", "id": "toolu_01", "name": tool, "input": arguments }),
        (None, Some(tool)) => {
            let input: Value = serde_json::from_str(&given.text).unwrap_or_else(|_no_json| json!({ "said": given.text }));
            json!({ "type": "tool_use", "id": "toolu_01", "name": tool, "input": input })
        }
        (None, None) => json!({ "type": "text", "text": given.text }),
    };
    let content = if given.is_withheld { json!([]) } else { json!([block]) };
    let mut body = json!({ "id": "msg_01", "type": "message", "role": "assistant", "model": "standin-1-20260101", "content": content, "stop_reason": reason, "stop_sequence": null });
    if given.tells_usage {
        body["usage"] = usage(&given.bill);
    }
    body
}

fn stream(given: &Given, forced: Option<String>) -> Response {
    let mut start = json!({ "type": "message_start", "message": { "id": "msg_01", "type": "message", "role": "assistant", "model": "standin-1-20260101", "content": [] } });
    if given.tells_usage {
        start["message"]["usage"] = usage(&Bill { output: 1, ..given.bill });
    }
    let mut before = vec![named_event(&start), named_event(&json!({ "type": "ping" }))];
    let tool =
        given.call.as_ref().map(|(tool, arguments)| (tool.clone(), arguments.to_string())).or(forced.clone().map(|tool| (tool, given.text.clone())));
    let delta = |delta: Value| named_event(&json!({ "type": "content_block_delta", "index": 0, "delta": delta }));
    match tool {
        Some((tool, arguments)) => {
            let block = json!({ "type": "tool_use", "id": "toolu_01", "name": tool, "input": {} });
            before.push(named_event(&json!({ "type": "content_block_start", "index": 0, "content_block": block })));
            let (one, other) = arguments.split_at(half(&arguments));
            let parts = if given.end == super::script::End::Whole { vec![one, other] } else { vec![one] };
            before.extend(parts.into_iter().map(|part| delta(json!({ "type": "input_json_delta", "partial_json": part }))));
        }
        None => {
            before.push(named_event(&json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } })));
            before.extend(pieces(given).into_iter().map(|piece| delta(json!({ "type": "text_delta", "text": piece }))));
        }
    }
    let mut last = json!({ "type": "message_delta", "delta": { "stop_reason": reason(given, &forced), "stop_sequence": null } });
    if given.tells_usage {
        last["usage"] = json!({ "output_tokens": given.bill.output });
    }
    let after =
        vec![named_event(&json!({ "type": "content_block_stop", "index": 0 })), named_event(&last), named_event(&json!({ "type": "message_stop" }))];
    streamed("text/event-stream", given.end, before, after)
}
