//! `millwright demo`: a simulated pump in time-lapse, for people at the page or, headless, with an operator of its own.

use super::{run::told_to_stop, simulate::Pumps};
use crate::{
    app::demo::{Demo as Running, Options},
    settings::Settings,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::{fs, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};
use tempfile::TempDir;

#[derive(Debug, Args)]
pub struct Demo {
    /// Plant seconds per real second.
    #[arg(long, default_value_t = 60.0)]
    speed: f64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    pumps: Pumps,
    /// A shipped scenario by name, or a JSON file. By default a bearing wears out, or, with several pumps, two.
    #[arg(long)]
    scenario: Option<String>,
    /// Where the first simulated pump speaks Modbus TCP, and others on the ports after it; port 0 takes free ones.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    plant: SocketAddr,
    /// Where to collect from, if not from the plant itself: a proxy that leads to it and can be cut.
    #[arg(long, value_name = "ADDR")]
    wire: Option<SocketAddr>,
    /// Nobody at the page: an operator of the demo's own answers through the ordinary mutations.
    #[arg(long, requires = "until_closed")]
    headless: bool,
    /// End once so many cases are closed.
    #[arg(long, value_name = "CASES", requires = "headless")]
    until_closed: Option<usize>,
    /// Give up after so many seconds.
    #[arg(long, default_value_t = 175, value_name = "SECONDS")]
    at_most: u64,
    /// At the end, what happened as one JSON object.
    #[arg(long)]
    json: bool,
    /// Write the page's address here once it is served.
    #[arg(long, value_name = "FILE")]
    url_file: Option<PathBuf>,
}

impl Demo {
    pub async fn run(self, mut settings: Settings) -> Result<ExitCode> {
        if !(self.speed.is_finite() && (0.1..=600.0).contains(&self.speed)) {
            bail!("--speed is from 0.1 to 600");
        }
        // Unless a folder is named, a demo leaves nothing behind.
        let folder = TempDir::new().context("a demo needs a folder for temporary files")?;
        if settings.data == Settings::default().data {
            settings.data = folder.path().to_path_buf();
        }
        if self.headless && settings.http.listen == Settings::default().http.listen {
            settings.http.listen.set_port(0);
        }
        let scenario = self.pumps.scenario_or(self.scenario.as_deref()).to_string();
        let pumps = self.pumps.count();
        let options = Options { speed: self.speed, seed: self.seed, scenario, pumps, plant: self.plant, wire: self.wire };
        let http = settings.http.clone();
        let demo = Running::start(settings, &options).await?;
        let url = http.url(demo.address());
        if let Some(file) = &self.url_file {
            fs::write(file, &url).with_context(|| format!("could not write {}", file.display()))?;
        }
        let worked = self.wait(&demo, &url).await;
        let summary = demo.summary().await;
        demo.stop().await;
        if self.json {
            println!("{}", summary?);
        }
        worked.map(|()| ExitCode::SUCCESS)
    }

    async fn wait(&self, demo: &Running, url: &str) -> Result<()> {
        match self.until_closed {
            Some(cases) => demo.until_closed(cases, Duration::from_secs(self.at_most)).await,
            None => {
                let shown = match self.pumps.count() {
                    1 => "a pump whose bearing wears out".to_string(),
                    pumps => format!("{pumps} pumps with controllers of several vendors"),
                };
                println!("\n  Millwright demo: {shown}, {} times as fast as life.\n\n      {url}\n\n  Ctrl-C ends it.\n", self.speed);
                told_to_stop().await
            }
        }
    }
}
