//! Spans by OTLP over HTTP (protobuf), sent by our one way out, to an OpenTelemetry collector or whatever takes what it takes.

use crate::outward::{Outward, Request, cleaned};
use async_trait::async_trait;
use millwright_domain::{
    Timestamp,
    ports::traces::{NotTraced, Span, Traces},
};
use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request as HttpRequest, Response as HttpResponse};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter as OtlpExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanEvents, SpanExporter, SpanLinks},
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Where collectors take traces, below the address that is set.
const PATH: &str = "/v1/traces";

pub struct Otlp {
    exporter: OtlpExporter,
    refused: Refused,
}

/// Why the last request failed: the exporter says only that one did.
type Refused = Arc<Mutex<Option<String>>>;

impl Otlp {
    /// `collector`: such as `http://127.0.0.1:4318`. `node` is this program among others of its kind.
    ///
    /// # Errors
    /// It is no address.
    pub fn new(collector: &str, node: &str, outward: Outward) -> Result<Self, ExporterBuildError> {
        let endpoint = format!("{}{PATH}", collector.trim_end_matches('/'));
        let refused = Refused::default();
        let road = Road { outward, refused: refused.clone() };
        let exporter = OtlpExporter::builder().with_http().with_http_client(road).with_endpoint(endpoint);
        let mut exporter = exporter.with_protocol(Protocol::HttpBinary).build()?;
        let about = [("service.name", "millwright"), ("service.version", env!("CARGO_PKG_VERSION")), ("service.instance.id", node)];
        let about = about.map(|(name, value)| KeyValue::new(name, value.to_string()));
        exporter.set_resource(&Resource::builder_empty().with_attributes(about).build());
        Ok(Self { exporter, refused })
    }
}

#[async_trait]
impl Traces for Otlp {
    async fn keep(&self, spans: &[Span]) -> Result<(), NotTraced> {
        let batch = spans.iter().map(span).collect();
        self.exporter.export(batch).await.map_err(|error| {
            let why = self.refused.lock().unwrap_or_else(PoisonError::into_inner).take();
            NotTraced(cleaned(&why.unwrap_or_else(|| error.to_string()), 300))
        })
    }
}

fn span(span: &Span) -> SpanData {
    SpanData {
        span_context: SpanContext::new(
            TraceId::from(span.context.trace),
            SpanId::from(span.context.span),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        ),
        parent_span_id: span.parent.map_or(SpanId::INVALID, SpanId::from),
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: span.name.clone().into(),
        start_time: wall(span.began),
        end_time: wall(span.ended),
        attributes: span.attributes.iter().map(|(name, value)| KeyValue::new(*name, value.clone())).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: span.failed.clone().map_or(Status::Unset, Status::error),
        instrumentation_scope: InstrumentationScope::builder("millwright").build(),
    }
}

fn wall(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(at.micros().max(0).unsigned_abs())
}

struct Road {
    outward: Outward,
    refused: Refused,
}

impl Road {
    fn no(&self, why: String) -> HttpError {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.clone());
        why.into()
    }
}

impl fmt::Debug for Road {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Road")
    }
}

#[async_trait]
impl HttpClient for Road {
    async fn send_bytes(&self, request: HttpRequest<Bytes>) -> Result<HttpResponse<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let mut going = Request::new(head.method, &head.uri.to_string());
        let mut content_type = "application/x-protobuf".to_string();
        for (name, value) in &head.headers {
            let value = value.to_str()?;
            if name.as_str() == "content-type" {
                content_type = value.into();
            } else {
                // The standard's own variables may put a key for the collector there.
                going = going.secret_header(name.as_str(), value);
            }
        }
        let reply = self.outward.send(going.body(&content_type, body.to_vec())).await.map_err(|error| self.no(error.to_string()))?;
        if !reply.is_success() {
            return Err(self.no(format!("{} answered {}", reply.place, reply.status)));
        }
        Ok(HttpResponse::new(Bytes::from(reply.body)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outward::OutwardSettings;
    use millwright_domain::trace::TraceContext;
    use millwright_standin::{Fault, otlp::OtlpServer};

    fn step(span: u64, parent: Option<u64>, failed: Option<&str>) -> Span {
        Span {
            context: TraceContext { trace: 7, span },
            parent,
            name: "ActionFailed".into(),
            began: Timestamp::from_micros(1_700_000_000_000_001),
            ended: Timestamp::from_micros(1_700_000_003_000_002),
            failed: failed.map(str::to_string),
            attributes: vec![("millwright.case", "c-1".into())],
        }
    }
    fn otlp(server: &OtlpServer) -> Otlp {
        let outward = Outward::new(OutwardSettings { allow: vec!["127.0.0.1".into()], timeout_s: 20 }).unwrap();
        Otlp::new(&server.url(), "node-a", outward).unwrap()
    }

    #[tokio::test]
    async fn a_collector_reads_ids_times_and_failures_as_they_were_meant() {
        let server = OtlpServer::start().await.unwrap();
        otlp(&server).keep(&[step(1, None, None), step(2, Some(1), Some("ActionFailed"))]).await.unwrap();
        let taken = server.taken();
        assert_eq!(taken.len(), 2);
        let [whole, failed] = &taken[..] else { panic!("{taken:?}") };
        assert_eq!((whole.trace, whole.span, whole.parent, whole.failed), (7, 1, 0, false));
        assert_eq!((failed.span, failed.parent, failed.failed), (2, 1, true));
        assert_eq!((failed.began_nanos, failed.ended_nanos), (1_700_000_000_000_001_000, 1_700_000_003_000_002_000));
        assert_eq!(failed.attributes["millwright.case"], "c-1");
        assert_eq!((failed.resource["service.name"].as_str(), failed.resource["service.instance.id"].as_str()), ("millwright", "node-a"));
    }

    #[tokio::test]
    async fn what_a_collector_does_not_take_is_said_with_its_place() {
        let server = OtlpServer::start().await.unwrap();
        // However often it is tried.
        server.faults.next(100, Fault::status(400));
        let refused = otlp(&server).keep(&[step(1, None, None)]).await.unwrap_err().to_string();
        assert!(refused.contains("400"), "{refused}");
        assert!(server.taken().is_empty());
        let inside = Otlp::new(&server.url(), "node-a", Outward::new(OutwardSettings::default()).unwrap()).unwrap();
        let refused = inside.keep(&[step(1, None, None)]).await.unwrap_err().to_string();
        assert!(refused.contains("outward.allow"), "{refused}");
    }
}
