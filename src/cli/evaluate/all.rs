//! Every protocol whose recordings are there, one after the other, and those that need none.

use super::{Found, Kind, Recordings, one, processes};
use crate::settings::Settings;
use anyhow::{Result, bail};
use std::path::Path;

/// Each with the folder in which its recordings lie under the one that is given.
const FOLDERS: [(Kind, &str); 4] = [(Kind::Skab, "skab/valve1"), (Kind::Nab, "nab"), (Kind::Ai4i, "ai4i"), (Kind::Cmapss, "cmapss")];

pub(super) fn evaluate(folder: &Path, settings: &Settings) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for (kind, name) in FOLDERS {
        let place = folder.join(name);
        if !place.is_dir() {
            eprintln!("{} is not there; left out", place.display());
            continue;
        }
        eprintln!("{name} …");
        found.push(one(kind, &place, &Recordings::default(), settings)?);
    }
    if found.is_empty() {
        bail!("none of {} is under {}", FOLDERS.map(|(_, name)| name).join(", "), folder.display());
    }
    eprintln!("simulated processes …");
    found.extend(processes::evaluate(settings)?);
    Ok(found)
}
