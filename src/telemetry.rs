//! What the program says of itself: its log (JSON lines on standard error, or text for people), and its figures for Prometheus.

use crate::settings::{LogFormat, Logging};
use anyhow::{Context, Result, anyhow};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::{
    env,
    io::{self, IsTerminal, Write},
    sync::OnceLock,
};
use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, util::SubscriberInitExt};

/// What a protocol's library says at each try to connect; collectors say it once, with the device. The demo's own broker calls every
/// client that hangs up an error. A filter that names one wins.
const QUIET: &str = "opcua_client=off,opcua_core=off,opcua_crypto=off,opcua_types=off,rumqttd=off";

pub fn init(logging: &Logging) -> Result<()> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", logging.level))
        .with_context(|| format!("logging.level {:?} is no filter; try `info`", logging.level))?;
    // Colours are for people; in a file they would be taken for somebody's tricks.
    let colours = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|wish| wish.is_empty());
    let started = log_of(logging.format, filter, colours, io::stderr).try_init();
    started.map_err(|error| anyhow!(error)).context("logging was started twice")
}

fn log_of<W: Write + 'static>(
    format: LogFormat,
    filter: EnvFilter,
    colours: bool,
    place: impl Fn() -> W + Send + Sync + 'static,
) -> Box<dyn Subscriber + Send + Sync> {
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(move || OneLine { place: place(), colours });
    match format {
        LogFormat::Json => Box::new(builder.json().flatten_event(true).finish()),
        LogFormat::Text => Box::new(builder.finish()),
    }
}

/// A record is handed over whole, and is one line whatever others have put into it: nobody from outside writes records of her own.
struct OneLine<W> {
    place: W,
    colours: bool,
}

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        self.place.write_all(one_line(&String::from_utf8_lossy(record), self.colours).as_bytes())?;
        Ok(record.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        self.place.flush()
    }
}

/// What the log is coloured with: bold, dim, italics, five colours, and their end. None of it hides or moves anything, whoever wrote it.
const COLOURS: [&str; 10] = ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[3m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[34m", "\x1b[35m", "\x1b[36m"];

fn one_line(record: &str, colours: bool) -> String {
    let record = record.trim_end_matches('\n');
    let mut line = String::with_capacity(record.len());
    for (at, c) in record.char_indices() {
        let is_colour = || colours && COLOURS.iter().any(|colour| record[at..].starts_with(colour));
        match c {
            '\t' => line.push(c),
            '\x1b' if is_colour() => line.push(c),
            '\u{2028}' | '\u{2029}' => line.extend(c.escape_default()),
            _ if c.is_control() => line.extend(c.escape_default()),
            _ => line.push(c),
        }
    }
    line.push('\n');
    line
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    const TRICK: &str = "ann\r\n2026-01-01T00:00:00Z ERROR forged\u{2028}\u{1b}[2J\u{9b}31m\u{7}";

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat, colours: bool) -> String {
        let paper = Paper::default();
        let place = paper.clone();
        tracing::subscriber::with_default(log_of(format, EnvFilter::new("info"), colours, move || place.clone()), || {
            let cause = anyhow!("{TRICK}");
            let _span = tracing::error_span!("looking", about = TRICK, said = %TRICK).entered();
            tracing::warn!(who = TRICK, said = %TRICK, shown = ?TRICK, %cause, deeper = ?cause, "news of {TRICK}");
        });
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn whatever_others_are_called_a_record_is_one_line_and_no_terminal_obeys_it() {
        for format in [LogFormat::Json, LogFormat::Text] {
            let log = written(format, false);
            assert_eq!(log.matches('\n').count(), 1, "{log}");
            assert!(log.matches("forged").count() >= 7 && !log.trim_end().contains(|c: char| c.is_control() || c == '\u{2028}'), "{log:?}");
        }
        let coloured = written(LogFormat::Text, true);
        assert_eq!(coloured.matches('\n').count(), 1);
        assert!(coloured.contains("\u{1b}[") && !coloured.contains("\u{1b}[2J") && !coloured.contains('\u{9b}'), "{coloured:?}");
    }
}
