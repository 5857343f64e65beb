//! What the program says of itself: its log (JSON lines on standard error, or text for people), and its figures for Prometheus.

use crate::settings::{LogFormat, Logging};
use anyhow::{Context, Result, anyhow};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use tracing_subscriber::EnvFilter;

/// What a protocol's library says at each try to connect; collectors say it once, with the device. The demo's own broker calls every
/// client that hangs up an error. A filter that names one wins.
const QUIET: &str = "opcua_client=off,opcua_core=off,opcua_crypto=off,opcua_types=off,rumqttd=off";

pub fn init(logging: &Logging) -> Result<()> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", logging.level))
        .with_context(|| format!("logging.level {:?} is no filter; try `info`", logging.level))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match logging.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.try_init(),
    };
    started.map_err(|error| anyhow!(error)).context("logging was started twice")
}

/// Where every part's figures come together, whoever asks first. What was counted before that is not shown.
pub fn metrics() -> PrometheusHandle {
    static RECORDED: OnceLock<PrometheusHandle> = OnceLock::new();
    let begin = || {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        if let Err(error) = metrics::set_global_recorder(recorder) {
            tracing::error!(%error, "another recorder of metrics was there first; /metrics stays empty");
        }
        handle
    };
    RECORDED.get_or_init(begin).clone()
}
