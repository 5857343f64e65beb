//! `millwright evaluate`: the live detectors over labelled recordings, scored by published protocols.

mod all;
mod processes;
mod recordings;
mod scenario;
mod similar;

use crate::settings::Settings;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use millwright_agents::evaluate::{
    ai4i::evaluate_ai4i,
    cmapss::evaluate_cmapss,
    plot::{Picture, scatter},
};
use recordings::Recordings;
use serde_json::Value;
use similar::Similar;
use std::{
    fmt::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

const INTRODUCTION: &str = "# Evaluation

Written by `millwright evaluate`. FAR is the share of normal rows in alarm, MAR the share of faulty rows without. \"For nothing\" is what detectors get that look at nothing: a figure that they reach is worth nothing by itself, so none stands alone. [Detection](detection.md) says how it is done and what limits it; [benchmarks](benchmarks.md), what the detectors cost and how fast similar cases are found.
";

#[derive(Debug, Args)]
pub struct Evaluate {
    /// The protocol, if it is not given as --protocol, and the folder or file with what it needs.
    #[arg(num_args = 1..=2, required = true, value_name = "PROTOCOL PATH")]
    what: Vec<String>,
    #[arg(long, value_enum)]
    protocol: Option<Kind>,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Also write the report as Markdown, with its pictures in a folder of the same name.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    #[command(flatten)]
    recordings: Recordings,
    #[command(flatten)]
    similar: Similar,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A water circuit's recordings, each learned from on its first 400 rows.
    Skab,
    /// Any recordings with a column of labels.
    Csv,
    /// A milling machine's failures: which follow from what was measured.
    Ai4i,
    /// Engines run until they fail: how long one still runs.
    Cmapss,
    /// One signal each, with labelled windows: the Numenta benchmark's standard profile.
    Nab,
    /// Labelled episodes of faults: the right past case first, also in foreign units, at another rate, with more noise.
    Similar,
    /// Process plants made from seeds, 52 signals and 18 faults each: needs no recordings and no path.
    Processes,
    /// The data folder of a demo: its cases against what the simulator really did.
    Scenario,
    /// All of them that lie in folders of these names under one.
    All,
}

/// What an evaluation found.
struct Found {
    title: &'static str,
    figures: Vec<(String, String)>,
    json: Value,
    /// Behind the figures.
    details: String,
    pictures: Vec<Picture>,
}

impl Found {
    fn new(title: &'static str, figures: Vec<(impl Into<String>, String)>, json: impl serde::Serialize) -> Result<Self> {
        let figures = figures.into_iter().map(|(name, figure)| (name.into(), figure)).collect();
        Ok(Self { title, figures, json: serde_json::to_value(json)?, details: String::new(), pictures: vec![] })
    }

    fn human(&self) -> String {
        self.figures.iter().fold(String::new(), |mut text, (name, figure)| {
            _ = writeln!(text, "{name:<14} {figure}");
            text
        })
    }

    /// `folder`: where its pictures lie, beside the text.
    fn markdown(&self, folder: &str) -> String {
        let mut text = format!("## {}\n\n| what | figure |\n|---|---|\n", self.title);
        for (name, figure) in &self.figures {
            _ = writeln!(text, "| {name} | {figure} |");
        }
        text += &self.details;
        for Picture { name, title, .. } in &self.pictures {
            _ = writeln!(text, "\n![{title}]({folder}/{name}.svg)\n*{title}*");
        }
        text
    }
}

impl Evaluate {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        let (kind, path) = self.asked()?;
        self.refuse_what_is_not_for(kind)?;
        let found = match kind {
            Kind::Processes => processes::evaluate(settings)?,
            Kind::All => all::evaluate(&path, settings)?,
            Kind::Similar => vec![self.similar.evaluate(&path, self.recordings.time())?],
            Kind::Scenario => vec![scenario::evaluate(&path, settings).await?],
            kind => vec![one(kind, &path, &self.recordings, settings)?],
        };
        if let Some(file) = &self.markdown {
            write_markdown(file, &found)?;
        }
        match (self.json, found.as_slice()) {
            (true, [one]) => println!("{}", one.json),
            (true, all) => println!("{}", Value::Object(all.iter().map(|one| (one.title.into(), one.json.clone())).collect())),
            (false, [one]) => print!("{}", one.human()),
            (false, all) => all.iter().for_each(|one| println!("{}\n{}", one.title, one.human())),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn asked(&self) -> Result<(Kind, PathBuf)> {
        match (self.protocol, self.what.as_slice()) {
            (Some(kind), [path]) => Ok((kind, path.into())),
            (None, [kind, path]) => Ok((named(kind)?, path.into())),
            (None, [kind]) if named(kind).is_ok_and(|kind| kind == Kind::Processes) => Ok((Kind::Processes, PathBuf::new())),
            (Some(_), _) => bail!("--protocol is given, so give one folder or file"),
            (None, _) => bail!("say by which protocol: `millwright evaluate skab DIR`"),
        }
    }

    /// An option that does nothing would be taken for done.
    fn refuse_what_is_not_for(&self, kind: Kind) -> Result<()> {
        let unused = match kind {
            Kind::Skab | Kind::Csv => self.similar.given(),
            Kind::Nab => self.similar.given().or(self.recordings.given_beside("--predictions")),
            Kind::Similar => self.recordings.given_beside("--time"),
            Kind::Ai4i | Kind::Cmapss | Kind::Processes | Kind::Scenario | Kind::All => self.similar.given().or(self.recordings.given_beside("")),
        };
        unused.map_or(Ok(()), |option| bail!("{option} is not for this protocol; leave it out"))
    }
}

/// The text, and its pictures in a folder of its name beside it.
fn write_markdown(file: &Path, found: &[Found]) -> Result<()> {
    let folder = file.with_extension("");
    let doing = || format!("could not write {}", file.display());
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).with_context(doing)?;
    if found.iter().any(|found| !found.pictures.is_empty()) {
        std::fs::create_dir_all(&folder).with_context(doing)?;
    }
    for picture in found.iter().flat_map(|found| &found.pictures) {
        std::fs::write(folder.join(format!("{}.svg", picture.name)), &picture.svg).with_context(doing)?;
    }
    let text = found.iter().map(|found| found.markdown(&name)).collect::<Vec<_>>().join("\n");
    std::fs::write(file, format!("{INTRODUCTION}\n{text}")).with_context(doing)
}

fn named(kind: &str) -> Result<Kind> {
    let known =
        || Kind::value_variants().iter().filter_map(|kind| Some(kind.to_possible_value()?.get_name().to_string())).collect::<Vec<_>>().join(", ");
    Kind::from_str(kind, true).map_err(|_unknown| anyhow::anyhow!("there is no protocol {kind:?}; there are {}", known()))
}

fn one(kind: Kind, path: &Path, recordings: &Recordings, settings: &Settings) -> Result<Found> {
    match kind {
        Kind::Skab | Kind::Csv => recordings.evaluate(kind == Kind::Skab, path, settings),
        Kind::Nab => recordings.evaluate_nab(path),
        Kind::Ai4i => {
            let found = evaluate_ai4i(path)?;
            Found::new("AI4I: which failures follow from what was measured", found.figures(), found)
        }
        Kind::Cmapss => {
            let found = evaluate_cmapss(path)?;
            let picture = scatter("cmapss", "Each engine's remaining life, expected against true.", "cycles", &found.pairs)?;
            Ok(Found { pictures: vec![picture], ..Found::new("C-MAPSS: how long an engine still runs", found.figures(), &found)? })
        }
        Kind::Processes | Kind::Similar | Kind::Scenario | Kind::All => bail!("{kind:?} is asked by itself"),
    }
}
