//! One node of the cluster that is measured: a process of this program, its settings, its log, and its GraphQL.

use crate::settings::{LogFormat, Settings};
use anyhow::{Context, Result, bail, ensure};
use millwright_domain::ids::CommandId;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::{
    env,
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use uuid::Uuid;

const LIMIT: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Whoever asks does not know when somebody decides again, so he asks anew all the time.
const ASK_AGAIN: Duration = Duration::from_millis(250);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    Killed,
    Paused,
}

pub struct Node {
    folder: PathBuf,
    address: SocketAddr,
    child: Child,
    http: reqwest::Client,
    /// As much of its log as was read before.
    heard: usize,
}

impl Node {
    pub fn start(name: &str, shared: &Path, settings: &Settings) -> Result<Self> {
        let folder = shared.join(name);
        fs::create_dir(&folder).context("a folder for a node")?;
        let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).context("a free loopback port")?;
        let mut settings = settings.clone();
        settings.data = folder.join("data");
        settings.keys = shared.join("keys");
        (settings.plant, settings.policy, settings.rules) = (shared.join("plant.toml"), shared.join("policy.yaml"), shared.join("rules"));
        settings.http.listen = address;
        settings.cluster.node = name.into();
        (settings.logging.level, settings.logging.format) = ("info".into(), LogFormat::Json);
        fs::write(folder.join("millwright.toml"), toml::to_string(&settings)?)?;
        let child = run(&folder)?;
        Ok(Self { folder, address, child, http: reqwest::Client::new(), heard: 0 })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn take_away(&mut self, how: Gone) -> Result<()> {
        match how {
            Gone::Killed => {
                self.child.kill().context("killing a node")?;
                self.child.wait().map(drop).context("killing a node")
            }
            Gone::Paused => kill_process(Pid::from_child(&self.child), Signal::STOP).context("pausing a node"),
        }
    }

    pub fn bring_back(&mut self, from: Gone) -> Result<()> {
        self.heard = self.log()?.len();
        match from {
            Gone::Killed => self.child = run(&self.folder)?,
            Gone::Paused => kill_process(Pid::from_child(&self.child), Signal::CONT).context("waking a node")?,
        }
        Ok(())
    }

    /// Waits until the cluster has given this node a share of the work, which it does with whoever is there.
    pub async fn stands_by(&mut self) -> Result<()> {
        let limit = Instant::now() + LIMIT;
        loop {
            let log = self.log()?;
            if log.get(self.heard..).is_some_and(|said| said.contains("taking over ")) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("a node ended early: {status}; its log:\n{log}");
            }
            ensure!(Instant::now() < limit, "a node takes no share of the work; its log:\n{log}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Asks until a command is answered, and tells which.
    pub async fn first_answer(&self) -> Result<CommandId> {
        let mut asked = JoinSet::new();
        let mut again = tokio::time::interval(ASK_AGAIN);
        let limit = tokio::time::sleep(LIMIT);
        tokio::pin!(limit);
        loop {
            tokio::select! {
                _ = again.tick() => { asked.spawn(ask(self.http.clone(), self.address)); }
                // Without an answer it is asked again anyway.
                Some(answer) = asked.join_next() => if let Ok(command) = answer? { return Ok(command) },
                () = &mut limit => bail!("no command is answered; the node's log:\n{}", self.log()?),
            }
        }
    }

    fn log(&self) -> Result<String> {
        fs::read_to_string(self.folder.join("log")).context("a node's log")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            tracing::warn!(%error, "a node of the bench could not be ended");
        }
    }
}

fn run(folder: &Path) -> Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join("log")).context("a node's log")?;
    let mut command = Command::new(env::current_exe().context("which program this is")?);
    // What is set for the bench itself is in the node's file already.
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MILLWRIGHT_")) {
        command.env_remove(name);
    }
    command.arg("run").current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().context("starting a node")
}

/// A command that may be given at any time and does no harm.
async fn ask(http: reqwest::Client, address: SocketAddr) -> Result<CommandId> {
    let command = Uuid::now_v7();
    let question = format!(r#"mutation {{ releaseKillSwitch(site: "demo", commandId: "{command}") {{ kind }} }}"#);
    let answer = http.post(format!("http://{address}/graphql")).timeout(LIMIT).json(&json!({"query": question})).send().await?;
    let answer: Value = answer.json().await?;
    ensure!(answer["data"]["releaseKillSwitch"]["kind"].is_string(), "not answered: {answer}");
    Ok(command.to_string().parse()?)
}
