//! A collector that takes spans by OTLP over HTTP, and tells what it took; read by the standard's own forms.

use crate::{Faults, Served, Time, serve};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    common::v1::{KeyValue, any_value::Value},
    trace::v1::status::StatusCode as SpanStatus,
};
use prost::Message;
use std::{collections::BTreeMap, io};

const PROTOBUF: &str = "application/x-protobuf";

/// A span as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub trace: u128,
    pub span: u64,
    /// 0 for none.
    pub parent: u64,
    pub name: String,
    pub began_nanos: u64,
    pub ended_nanos: u64,
    pub failed: bool,
    pub attributes: BTreeMap<String, String>,
    pub resource: BTreeMap<String, String>,
}

type Shared = crate::shared::Shared<Vec<Taken>>;

pub struct OtlpServer {
    served: Served,
    shared: Shared,
    pub faults: Faults,
}

impl OtlpServer {
    pub async fn start() -> io::Result<Self> {
        let faults = Faults::new(Time::default());
        let shared = Shared::default();
        let served = serve(Router::new().route("/v1/traces", post(take)).with_state(shared.clone()), faults.clone()).await?;
        Ok(Self { served, shared, faults })
    }

    /// As it stands in settings.
    pub fn url(&self) -> String {
        self.served.url()
    }
    /// In the order in which they came, each span once.
    pub fn taken(&self) -> Vec<Taken> {
        self.shared.state().clone()
    }
}

async fn take(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != PROTOBUF) {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let Some(spans) = ExportTraceServiceRequest::decode(body).ok().and_then(read) else { return StatusCode::BAD_REQUEST.into_response() };
    let mut state = shared.state();
    for span in spans {
        if !state.iter().any(|known| (known.trace, known.span) == (span.trace, span.span)) {
            state.push(span);
        }
    }
    let answer = ExportTraceServiceResponse { partial_success: None }.encode_to_vec();
    ([(header::CONTENT_TYPE, PROTOBUF)], answer).into_response()
}

/// `None` if an id has not the length that the standard gives it, or is the zero that means none.
fn read(request: ExportTraceServiceRequest) -> Option<Vec<Taken>> {
    let mut taken = vec![];
    for of_resource in request.resource_spans {
        let resource = of_resource.resource.map(|resource| texts(resource.attributes)).unwrap_or_default();
        for span in of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            let parent = if span.parent_span_id.is_empty() { 0 } else { u64::from_be_bytes(span.parent_span_id.try_into().ok()?) };
            let own = Taken {
                trace: u128::from_be_bytes(span.trace_id.try_into().ok()?),
                span: u64::from_be_bytes(span.span_id.try_into().ok()?),
                parent,
                name: span.name,
                began_nanos: span.start_time_unix_nano,
                ended_nanos: span.end_time_unix_nano,
                failed: span.status.is_some_and(|status| status.code() == SpanStatus::Error),
                attributes: texts(span.attributes),
                resource: resource.clone(),
            };
            if own.trace == 0 || own.span == 0 {
                return None;
            }
            taken.push(own);
        }
    }
    Some(taken)
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |one: KeyValue| match one.value?.value? {
        Value::StringValue(text) => Some((one.key, text)),
        _ => None,
    };
    attributes.into_iter().filter_map(text).collect()
}
