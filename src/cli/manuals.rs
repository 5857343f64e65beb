//! `millwright manuals`: the makers' manuals that the crew cites. A running program takes in what changes here by itself.

use crate::{app::MANUALS, settings::Settings};
use anyhow::{Context, Result, bail};
use chrono::Utc;
use clap::{Args, Subcommand};
use millwright_agents::manuals::{Manual, Shelf, pages_of};
use millwright_domain::ids::ActorId;
use std::{path::PathBuf, process::ExitCode};

#[derive(Debug, Args)]
pub struct Manuals {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Take a manual in: PDF with text in it, Markdown or plain text. One of the same name is replaced.
    Import {
        file: PathBuf,
        /// What it is called here, in a-z, 0-9 and '-'; from the file's name if left out.
        #[arg(long)]
        name: Option<String>,
        #[arg(long)]
        title: Option<String>,
        /// Whose machines it is about, as the plant file says it; anybody's if left out.
        #[arg(long, default_value = "")]
        vendor: String,
        /// A class of machines that it is about, as the plant file says it; may be given several times; any if left out.
        #[arg(long)]
        class: Vec<String>,
    },
    List,
    Remove {
        name: String,
    },
    /// What they say about these words.
    Search {
        words: Vec<String>,
    },
}

impl Manuals {
    pub fn run(self, settings: &Settings) -> Result<ExitCode> {
        let shelf = Shelf::at(settings.data.join(MANUALS));
        let operator: ActorId = settings.operator.parse().context("the setting `operator`")?;
        match self.what {
            What::Import { file, name, title, vendor, class } => {
                let bytes = std::fs::read(&file).with_context(|| format!("could not read {}", file.display()))?;
                let stem = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
                let name = name.unwrap_or_else(|| slug(&stem));
                let pages = pages_of(&bytes).with_context(|| format!("{} was not taken in", file.display()))?;
                let manual =
                    Manual { vendor, classes: class, imported_by: Some(operator), ..Manual::of(&name, &title.unwrap_or(stem), pages, Utc::now())? };
                shelf.put(&manual)?;
                println!("{name}: {} pages, revision {}", manual.pages.len(), &manual.revision[..12]);
            }
            What::List => {
                for manual in &shelf.library().manuals {
                    let about = if manual.classes.is_empty() { "any class".into() } else { manual.classes.join(", ") };
                    println!("{}  {}  {} pages  {about}  {}", manual.name, manual.title, manual.pages.len(), &manual.revision[..12]);
                }
            }
            What::Remove { name } => {
                if !shelf.remove(&name, &operator)? {
                    bail!("there is no manual {name}; `millwright manuals list` shows what there is");
                }
            }
            What::Search { words } => {
                let hits = shelf.library().search(&words.join(" "), "", |_| true, 10);
                if hits.is_empty() {
                    println!("no manual says anything about that");
                }
                hits.iter().for_each(|hit| println!("{}, page {}: {}", hit.title, hit.page, hit.quote));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn slug(name: &str) -> String {
    let plain: String = name.to_lowercase().chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    plain.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}
