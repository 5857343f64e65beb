//! Gemini's `generateContent`, its stream, counting and vectors: refuses what Google refuses.

use super::{
    ModelServer, Shared,
    openai::vector,
    render::{error, event, pieces, streamed, unknown, whole},
    script::{Asked, Bill, Given, Refusal, tokens_in},
};
use axum::{
    Json, Router,
    extract::{Path, RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};

const KNOWN: [&str; 4] = ["systemInstruction", "contents", "tools", "generationConfig"];
const CONFIG: [&str; 5] = ["maxOutputTokens", "temperature", "seed", "responseMimeType", "responseSchema"];
/// Of JSON Schema it does not know everything.
const NOT_KNOWN: [&str; 5] = ["additionalProperties", "$schema", "$ref", "const", "oneOf"];

pub(super) fn routes(shared: Shared) -> Router {
    Router::new().route("/v1beta/models/{call}", post(called)).with_state(shared)
}

fn refused(code: u16, status: &str, message: &str) -> Response {
    error(code, None, json!({ "error": { "code": code, "message": message, "status": status } }))
}
fn invalid(message: &str) -> Response {
    refused(400, "INVALID_ARGUMENT", message)
}

async fn called(
    State(shared): State<Shared>,
    Path(call): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    match headers.get("x-goog-api-key").and_then(|value| value.to_str().ok()) {
        None => return refused(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers."),
        Some(key) if key != ModelServer::KEY => {
            let details = json!([{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com" }]);
            let said = json!({ "error": { "code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT", "details": details } });
            return error(400, None, said);
        }
        Some(_) => {}
    }
    let (model, method) = call.split_once(':').unwrap_or((&call, ""));
    if model != ModelServer::MODEL {
        return refused(404, "NOT_FOUND", &format!("models/{model} is not found for API version v1beta, or is not supported for {method}."));
    }
    match (method, query.as_deref()) {
        ("generateContent", _) => generate(shared, body, false).await,
        ("streamGenerateContent", Some("alt=sse")) => generate(shared, body, true).await,
        ("countTokens", _) => match well_formed(&body["generateContentRequest"], &["model"]) {
            Err(said) => invalid(&said),
            Ok(()) => Json(json!({ "totalTokens": input(&body["generateContentRequest"]) })).into_response(),
        },
        ("batchEmbedContents", _) => embed(&shared, &body),
        _ => refused(404, "NOT_FOUND", "Requested entity was not found."),
    }
}

fn input(body: &Value) -> u64 {
    tokens_in(&body["systemInstruction"]) + tokens_in(&body["contents"]) + tokens_in(&body["tools"])
}

fn well_formed(body: &Value, beside: &[&str]) -> Result<(), String> {
    let no_field = |name: &str| format!("Invalid JSON payload received. Unknown name \"{name}\": Cannot find field.");
    if let Some(field) = unknown(body, &[&KNOWN[..], beside].concat()) {
        return Err(no_field(field));
    }
    let config = &body["generationConfig"];
    if let Some(field) = unknown(config, &CONFIG) {
        return Err(no_field(field));
    }
    let mut schemas: Vec<&Value> =
        body.pointer("/tools/0/functionDeclarations").and_then(Value::as_array).into_iter().flatten().map(|tool| &tool["parameters"]).collect();
    schemas.push(&config["responseSchema"]);
    if let Some(field) = schemas.into_iter().find_map(stranger) {
        return Err(no_field(field));
    }
    if !config["responseMimeType"].is_null() && !body["tools"].is_null() {
        return Err("Function calling with a response mime type: 'application/json' is unsupported".into());
    }
    let contents =
        body["contents"].as_array().filter(|contents| !contents.is_empty()).ok_or("GenerateContentRequest.contents: contents is not specified")?;
    for content in contents {
        if !["user", "model"].contains(&content["role"].as_str().unwrap_or_default()) {
            return Err("Please use a valid role: user, model.".into());
        }
        if content["parts"].as_array().is_none_or(Vec::is_empty) {
            return Err("GenerateContentRequest.contents: contents.parts must not be empty.".into());
        }
    }
    Ok(())
}

fn stranger(schema: &Value) -> Option<&'static str> {
    let fields = schema.as_object()?;
    let here = NOT_KNOWN.into_iter().find(|name| fields.contains_key(*name));
    let properties = fields.get("properties").and_then(Value::as_object).into_iter().flat_map(|properties| properties.values());
    here.or_else(|| properties.chain(fields.get("items")).find_map(stranger))
}

async fn generate(shared: Shared, body: Value, streaming: bool) -> Response {
    if let Err(said) = well_formed(&body, &[]) {
        return invalid(&said);
    }
    let config = &body["generationConfig"];
    let tools = body.pointer("/tools/0/functionDeclarations").and_then(Value::as_array).into_iter().flatten();
    let asked = Asked {
        input: input(&body),
        max_output: config["maxOutputTokens"].as_u64().unwrap_or(8_192),
        schema: Some(config["responseSchema"].clone()).filter(Value::is_object),
        tools: tools.filter_map(|tool| tool["name"].as_str().map(str::to_string)).collect(),
        streaming,
    };
    let answer = {
        let mut script = shared.state();
        script.asked.push(body);
        script.answer(&asked)
    };
    let given = match answer {
        Ok(given) => given,
        Err(Refusal::TooOften(seconds)) => {
            let said = json!({ "error": { "code": 429, "message": "You exceeded your current quota.", "status": "RESOURCE_EXHAUSTED" } });
            return error(429, Some(seconds), said);
        }
        Err(Refusal::Overloaded) => return refused(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        Err(Refusal::Fails) => return refused(500, "INTERNAL", "An internal error has occurred."),
    };
    if streaming { stream(&given) } else { whole(given.end, piece(&given, &given.text, true)).await }
}

/// Candidates do not count thoughts, and are left out where there are none.
fn usage(bill: &Bill) -> Value {
    let mut usage = json!({ "promptTokenCount": bill.input, "totalTokenCount": bill.total() });
    for (name, count) in
        [("candidatesTokenCount", bill.output - bill.thought), ("thoughtsTokenCount", bill.thought), ("cachedContentTokenCount", bill.cached)]
    {
        if count > 0 {
            usage[name] = count.into();
        }
    }
    usage
}

fn piece(given: &Given, text: &str, is_last: bool) -> Value {
    let mut parts = vec![];
    if !text.is_empty() {
        parts.push(json!({ "text": text }));
    }
    if let Some((tool, arguments)) = given.call.as_ref().filter(|_| is_last) {
        parts.push(json!({ "functionCall": { "name": tool, "args": arguments }, "thoughtSignature": "c2lnbmVk" }));
    }
    let mut candidate = json!({ "content": { "role": "model", "parts": parts }, "index": 0 });
    let mut body = json!({ "modelVersion": "standin-1-001", "responseId": "r1" });
    if is_last {
        candidate["finishReason"] = match (given.is_withheld, given.is_cut) {
            (true, _) => "SAFETY",
            (_, true) => "MAX_TOKENS",
            _ => "STOP",
        }
        .into();
        if given.tells_usage {
            body["usageMetadata"] = usage(&given.bill);
        }
    }
    body["candidates"] = json!([candidate]);
    body
}

fn stream(given: &Given) -> Response {
    let before = pieces(given).iter().map(|text| event(&piece(given, text, false))).collect();
    streamed("text/event-stream", given.end, before, vec![event(&piece(given, "", true))])
}

fn embed(shared: &Shared, body: &Value) -> Response {
    let Some(requests) = body["requests"].as_array() else { return invalid("BatchEmbedContentsRequest.requests: is not specified") };
    if requests.iter().any(|request| request["model"] != format!("models/{}", ModelServer::MODEL)) {
        return invalid("BatchEmbedContentsRequest.requests[0].model: must be the same as the model of the batch");
    }
    shared.state().bills.push(Bill { input: tokens_in(&body["requests"]), ..Bill::default() });
    let rows: Vec<Value> = requests.iter().map(|request| json!({ "values": vector(&request["content"]["parts"][0]["text"]) })).collect();
    Json(json!({ "embeddings": rows })).into_response()
}
