//! Settings of the traces that follow a case.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// Where an OpenTelemetry collector takes OTLP over HTTP; empty sends nothing.
    pub otlp: String,
    /// The share of cases that are traced.
    pub share: f64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { otlp: String::new(), share: 1.0 }
    }
}

impl Telemetry {
    pub fn is_on(&self) -> bool {
        !self.otlp.is_empty()
    }

    pub fn checked(&self) -> Result<()> {
        let is_address = ["http://", "https://"].iter().any(|scheme| self.otlp.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
        ensure!(!self.is_on() || is_address, "telemetry.otlp must be an address such as `http://127.0.0.1:4318`; OTLP by gRPC is not spoken");
        ensure!((0.0..=1.0).contains(&self.share), "telemetry.share must be between 0 and 1");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_http_and_a_share_is_one() {
        let telemetry = |otlp: &str, share: f64| Telemetry { otlp: otlp.into(), share }.checked().is_ok();
        assert!(telemetry("", 1.0) && telemetry("http://127.0.0.1:4318", 0.1) && telemetry("https://otlp.example", 0.0));
        assert!(!telemetry("127.0.0.1:4317", 1.0) && !telemetry("grpc://a:4317", 1.0) && !telemetry("http://", 1.0));
        assert!(!telemetry("", 1.5) && !telemetry("", f64::NAN));
    }
}
