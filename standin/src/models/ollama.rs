//! Ollama's chat and embed: lines of JSON, no keys, and a context that it silently cuts to.

use super::{
    ModelServer, Shared,
    openai::vector,
    render::{error, pieces, streamed, unknown, whole},
    script::{Asked, Bill, Given, Refusal, tokens_in},
};
use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};

const KNOWN: [&str; 7] = ["model", "messages", "tools", "format", "options", "stream", "keep_alive"];
/// What it takes if nobody says.
const USUAL_CONTEXT: u64 = 4_096;

pub(super) fn routes(shared: Shared) -> Router {
    Router::new().route("/api/chat", post(chat)).route("/api/embed", post(embed)).with_state(shared)
}

fn refused(status: u16, message: &str) -> Response {
    error(status, None, json!({ "error": message }))
}

fn no_model(body: &Value) -> Option<Response> {
    let model = body["model"].as_str().unwrap_or_default();
    (model != ModelServer::MODEL).then(|| refused(404, &format!("model '{model}' not found")))
}

async fn chat(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    if let Some(refusal) = no_model(&body) {
        return refusal;
    }
    if let Some(field) = unknown(&body, &KNOWN) {
        return refused(400, &format!("json: unknown field \"{field}\""));
    }
    let roles = body["messages"].as_array().into_iter().flatten().map(|message| message["role"].as_str().unwrap_or_default());
    if roles.clone().count() == 0 || roles.clone().any(|role| !["system", "user", "assistant", "tool"].contains(&role)) {
        return refused(400, "invalid message role");
    }
    // Arguments are an object here, not a text.
    let calls = body["messages"].as_array().into_iter().flatten().flat_map(|message| message["tool_calls"].as_array().into_iter().flatten());
    if calls.clone().any(|call| !call["function"]["arguments"].is_object()) {
        return refused(400, "json: cannot unmarshal string into Go struct field ToolCallFunction.arguments of type api.ToolCallFunctionArguments");
    }
    let context = body["options"]["num_ctx"].as_u64().unwrap_or(USUAL_CONTEXT);
    let asked = Asked {
        input: (tokens_in(&body["messages"]) + tokens_in(&body["tools"])).min(context),
        max_output: body["options"]["num_predict"].as_u64().unwrap_or(128),
        schema: Some(body["format"].clone()).filter(Value::is_object),
        tools: body["tools"].as_array().into_iter().flatten().filter_map(|tool| tool["function"]["name"].as_str().map(str::to_string)).collect(),
        streaming: body["stream"] != false,
    };
    let answer = {
        let mut script = shared.state();
        script.asked.push(body);
        script.answer(&asked)
    };
    let given = match answer {
        Ok(given) => given,
        Err(Refusal::TooOften(seconds)) => return error(429, Some(seconds), json!({ "error": "too many requests" })),
        Err(Refusal::Overloaded) => return refused(503, "server busy, please try again.  maximum pending requests exceeded"),
        Err(Refusal::Fails) => return refused(500, "llama runner process has terminated: exit status 2"),
    };
    if asked.streaming { stream(&given) } else { whole(given.end, line(&given, &given.text, true)).await }
}

fn line(given: &Given, text: &str, is_last: bool) -> Value {
    let mut message = json!({ "role": "assistant", "content": text });
    if let Some((tool, arguments)) = given.call.as_ref().filter(|_| is_last) {
        message["tool_calls"] = json!([{ "function": { "name": tool, "arguments": arguments } }]);
    }
    let mut line = json!({ "model": ModelServer::MODEL, "created_at": "2026-01-01T00:00:00.000000Z", "message": message, "done": is_last });
    if is_last {
        line["done_reason"] = if given.is_cut { "length" } else { "stop" }.into();
        line["total_duration"] = 5_000_000.into();
        if given.tells_usage {
            line["prompt_eval_count"] = given.bill.input.into();
            line["eval_count"] = given.bill.output.into();
        }
    }
    line
}

fn stream(given: &Given) -> Response {
    let text = |line: Value| format!("{line}\n");
    let before = pieces(given).iter().map(|piece| text(line(given, piece, false))).collect();
    streamed("application/x-ndjson", given.end, before, vec![text(line(given, "", true))])
}

async fn embed(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    if let Some(refusal) = no_model(&body) {
        return refusal;
    }
    let texts = body["input"].as_array().cloned().unwrap_or_default();
    let input = tokens_in(&body["input"]);
    shared.state().bills.push(Bill { input, ..Bill::default() });
    let rows: Vec<[f64; 3]> = texts.iter().map(vector).collect();
    Json(json!({ "model": ModelServer::MODEL, "embeddings": rows, "prompt_eval_count": input })).into_response()
}
