//! The program's own log: JSON lines on standard error, or text for people.

use crate::settings::{LogFormat, Logging};
use anyhow::{Context, Result, anyhow};
use tracing_subscriber::EnvFilter;

pub fn init(logging: &Logging) -> Result<()> {
    let filter = EnvFilter::try_new(&logging.level).with_context(|| format!("logging.level {:?} is no filter; try `info`", logging.level))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match logging.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.try_init(),
    };
    started.map_err(|error| anyhow!(error)).context("logging was started twice")
}
