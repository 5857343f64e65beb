//! The ledger as a file: whole or in part.

use crate::{
    app::{
        export::{export, failed},
        log::read_only,
    },
    cli::progress,
    settings::Settings,
};
use anyhow::{Context, Result};
use async_trait::async_trait;
use clap::{Args, ValueEnum};
use millwright_domain::{
    Event, Timestamp,
    ports::auditor::{AuditFailed, Format, Selection, Taker},
    position::PartitionId,
};
use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

#[derive(Debug, Args)]
pub struct Export {
    /// Facts of one part of the ledger alone: a site's name, or `_platform`. `millwright log stats` names them.
    #[arg(long)]
    partition: Option<PartitionId>,
    /// Facts recorded at this time or later, such as 2026-01-15T08:30:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Facts recorded before this time.
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// Facts of one kind, such as AlertRaised.
    #[arg(long)]
    kind: Option<String>,
    /// Facts that one person or part of Millwright brought about, by exact name.
    #[arg(long)]
    actor: Option<String>,
    /// Facts of one stream, such as case/<id>.
    #[arg(long)]
    stream: Option<String>,
    #[arg(long, value_enum, default_value_t = As::Jsonl)]
    format: As,
    /// Standard output if not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum As {
    /// One fact a line, to the letter, with its hash: can be verified.
    Jsonl,
    /// Columns, for analysis.
    Parquet,
}

struct Writer(Box<dyn Write + Send>);

#[async_trait]
impl Taker for Writer {
    async fn take(&mut self, bytes: Vec<u8>) -> Result<(), AuditFailed> {
        self.0.write_all(&bytes).map_err(failed)
    }
}

impl Export {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        let mut writer = Writer(match &self.out {
            Some(path) => Box::new(BufWriter::new(File::create(path).with_context(|| format!("could not write {}", path.display()))?)),
            None => Box::new(BufWriter::new(io::stdout())),
        });
        let Self { partition, from, to, kind, actor, stream, .. } = self;
        let selection = Selection { partition, from, to, kind, actor, stream };
        let format = match self.format {
            As::Jsonl => Format::JsonLines,
            As::Parquet => Format::Parquet,
        };
        let log = read_only(settings).await?;
        let bar = progress::bar(0, "records");
        let shown = |partition: &PartitionId, done: u64, of: u64| {
            bar.set_length(of);
            bar.set_position(done);
            bar.set_message(partition.to_string());
        };
        let written = export(&*log, &selection, format, &mut writer, &shown).await?;
        bar.finish_and_clear();
        writer.0.flush()?;
        // Beside what was exported, which may be standard output.
        eprintln!("{written} {} exported", if written == 1 { "fact" } else { "facts" });
        if written == 0 {
            eprintln!("{}", nothing_fits(&selection));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Why nothing was exported, as far as what was asked for tells.
fn nothing_fits(Selection { kind, actor, stream, .. }: &Selection) -> String {
    if let Some(kind) = kind.as_deref().filter(|kind| Event::TYPES.iter().all(|(known, _)| known != kind)) {
        let squeezed = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        return match Event::TYPES.iter().find(|(known, _)| squeezed(known) == squeezed(kind)) {
            Some((meant, _)) => format!("there is no kind {kind:?}; it is written {meant}"),
            None => format!("this program writes no kind {kind:?}; `millwright log stats` names those on the log"),
        };
    }
    let named = [("actor", actor), ("stream", stream)].map(|(what, name)| name.as_ref().map(|name| format!("{what} {name:?}")));
    let named: Vec<String> = named.into_iter().flatten().collect();
    match named.is_empty() {
        true => "no fact was recorded that fits; ask for a longer time or another partition".into(),
        false => format!("no fact fits {}; names are compared to the letter, `millwright log tail` shows how they are written", named.join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_of_nothing_says_what_to_ask_for() {
        let of_kind = |kind: &str| nothing_fits(&Selection { kind: Some(kind.into()), ..Selection::default() });
        assert!(of_kind("Action started").ends_with("it is written ActionStarted"));
        assert!(of_kind("Nonsense").contains("log stats"));
        assert!(of_kind("ActionStarted").contains("a longer time"));
        let of_nobody = nothing_fits(&Selection { actor: Some("Olga".into()), ..Selection::default() });
        assert!(of_nobody.contains("actor \"Olga\"") && of_nobody.contains("to the letter"));
    }
}
