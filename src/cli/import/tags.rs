//! `millwright import tags`: a list of tags from another tool becomes a plant file, to be read and corrected.

use anyhow::{Context, Result, ensure};
use clap::Args;
use millwright_domain::ids::{AssetId, DeviceId, SiteId};
use millwright_ingest::tags::{
    self,
    plant_file::{About, Written, write},
};
use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::PathBuf,
    process::ExitCode,
};

#[derive(Debug, Args)]
pub struct ImportTags {
    /// A CSV file with a line of headings, or an XML export of TIA Portal.
    file: PathBuf,
    /// What the device speaks: modbus_tcp, modbus_rtu, s7, …
    #[arg(long)]
    protocol: String,
    /// The device's id in the plant.
    #[arg(long, value_name = "ID", default_value = "plc-1")]
    device: DeviceId,
    /// Where the device is: host:port, or a serial port.
    #[arg(long, value_name = "PLACE")]
    address: Option<String>,
    /// The machine of every tag that names none.
    #[arg(long, value_name = "ID", default_value = "machine-1")]
    asset: AssetId,
    #[arg(long, value_name = "ID", default_value = "my-plant")]
    site: SiteId,
    /// Write the plant file there, which must not exist yet, instead of to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl ImportTags {
    pub fn run(self) -> Result<ExitCode> {
        let Self { file, protocol, device, address, asset, site, out } = self;
        let shown = file.display().to_string();
        let size = fs::metadata(&file).with_context(|| format!("could not read the tags in {shown}"))?.len();
        ensure!(size <= tags::MOST_BYTES, "{shown} is larger than {} MB; a list of tags is not", tags::MOST_BYTES >> 20);
        let bytes = fs::read(&file).with_context(|| format!("could not read the tags in {shown}"))?;
        let read = tags::read(&bytes).with_context(|| format!("the tags in {shown} cannot be used"))?;
        let name = file.file_name().map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
        let about = About { file: name, site, asset, device, protocol, address };
        let written = write(&about, &read).with_context(|| format!("the tags in {shown} cannot be used"))?;
        match &out {
            None => print!("{}", written.text),
            Some(out) => {
                // A plant file that somebody has corrected is not written over.
                let created = OpenOptions::new().write(true).create_new(true).open(out);
                let mut created = created.with_context(|| format!("could not make {}; give a name that is free", out.display()))?;
                created.write_all(written.text.as_bytes()).with_context(|| format!("could not write {}", out.display()))?;
            }
        }
        tell(&written, out.as_ref());
        Ok(ExitCode::SUCCESS)
    }
}

/// Beside the plant file, which may be on standard output.
fn tell(written: &Written, out: Option<&PathBuf>) {
    written.unusable.iter().for_each(|row| eprintln!("{row}"));
    let Written { used, guessed, unusable, .. } = written;
    let place = out.map_or_else(String::new, |out| format!(" in {}", out.display()));
    eprintln!(
        "{used} tags{place}, kind or unit guessed for {guessed}; {} rows left out. Correct what was guessed, then `millwright check`",
        unusable.len()
    );
}
