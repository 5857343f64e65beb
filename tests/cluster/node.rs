//! One node of a cluster: a real process of the program, asked over HTTP; killed, put to sleep, woken.

use crate::program::millwright;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A little longer than a node waits for another before it says that nobody answered.
const ANSWERS_WITHIN: Duration = Duration::from_secs(25);

pub struct Node {
    pub name: &'static str,
    pub data: PathBuf,
    pub settings: BTreeMap<String, String>,
    /// A folder of its data that is to lie on a disk of so many KB, too small for what comes.
    pub small_disk: Option<(PathBuf, u32)>,
    running: Option<Running>,
    log: PathBuf,
    http: reqwest::Client,
}

struct Running {
    process: Child,
    url: String,
    /// Of its log, what earlier runs have written.
    said_before: usize,
}

/// Nobody was there, or it said that it could not.
#[derive(Debug, thiserror::Error)]
#[error("no answer: {0}")]
pub struct NoAnswer(String);

impl Node {
    pub fn new(name: &'static str, folder: &Path, settings: BTreeMap<String, String>) -> Self {
        let (data, log) = (folder.join(name), folder.join(format!("{name}.log")));
        Self { name, data, settings, small_disk: None, running: None, log, http: reqwest::Client::new() }
    }

    /// Starts it and waits until it serves its page. What it logs is kept across starts.
    pub async fn start(&mut self) {
        assert!(self.running.is_none(), "{} runs already", self.name);
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let before = log.metadata().unwrap().len() as usize;
        let process = self.command().stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut running = Running { process, url: String::new(), said_before: before };
        let (name, path) = (self.name, self.log.clone());
        running.url = super::until(&format!("{name} serves its page"), async || {
            if let Some(status) = running.process.try_wait().unwrap() {
                panic!("{name} ended early, {status}: {}", last_lines(&path));
            }
            let said = std::fs::read(&path).unwrap();
            let said = String::from_utf8_lossy(&said[before..]).into_owned();
            let (_, rest) = said.split_once("the page is at ")?;
            Some(rest[..rest.find('"')?].to_string())
        })
        .await;
        self.running = Some(running);
    }

    fn command(&self) -> Command {
        let program = millwright();
        let mut command = match &self.small_disk {
            None => Command::new("setpriv"),
            Some((folder, kilobytes)) => on_a_small_disk(&self.data.join(folder), *kilobytes),
        };
        // The kernel ends it when the test that started it ends, however that comes about.
        command.args(["--pdeathsig", "KILL", "--"]).arg(program.get_program()).arg("run");
        command.arg("--data").arg(&self.data).args(["--listen", "127.0.0.1:0"]);
        command.current_dir(env!("CARGO_MANIFEST_DIR")).envs(&self.settings);
        command
    }

    /// Whether it was told by the others what falls to it, since it was started.
    pub fn has_a_share(&self) -> bool {
        let said = std::fs::read(&self.log).unwrap();
        String::from_utf8_lossy(&said[self.running().said_before..]).contains("taking over")
    }
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// No drain, no goodbye.
    pub fn kill(&mut self) {
        let mut running = self.running.take().expect("it runs");
        running.process.kill().unwrap();
        running.process.wait().unwrap();
    }
    /// Puts it to sleep in the middle of whatever it does.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }
    pub fn wake(&self) {
        self.signal(Signal::CONT);
    }
    /// As a service manager ends it.
    pub async fn stop(&mut self) {
        self.signal(Signal::TERM);
        let mut running = self.running.take().expect("it runs");
        let status = super::until(&format!("{} has ended", self.name), async || running.process.try_wait().unwrap()).await;
        assert!(status.success(), "{} ended badly, {status}: {}", self.name, last_lines(&self.log));
    }
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.running().process), signal).unwrap();
    }

    /// One question; the data of its answer.
    pub async fn ask(&self, query: &str, variables: Value) -> Result<Value, NoAnswer> {
        self.way().ask(query, variables).await
    }
    /// The way to this node as it runs now, to be asked from elsewhere.
    pub fn way(&self) -> Way {
        Way { url: self.running().url.clone(), http: self.http.clone() }
    }
    /// A figure of its page for Prometheus; 0 while there is none.
    pub async fn figure(&self, name: &str) -> f64 {
        let page = self.http.get(format!("{}/metrics", self.running().url)).send().await.unwrap().text().await.unwrap();
        let line = page.lines().find(|line| line.split([' ', '{']).next() == Some(name));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
    }
    pub fn last_lines(&self) -> String {
        last_lines(&self.log)
    }

    fn running(&self) -> &Running {
        self.running.as_ref().unwrap_or_else(|| panic!("{} does not run", self.name))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(running) = &mut self.running {
            running.process.kill().ok();
            running.process.wait().ok();
        }
    }
}

#[derive(Clone)]
pub struct Way {
    url: String,
    http: reqwest::Client,
}

impl Way {
    pub async fn ask(&self, query: &str, variables: Value) -> Result<Value, NoAnswer> {
        let body = json!({"query": query, "variables": variables});
        let silent = |error: reqwest::Error| NoAnswer(error.to_string());
        let asked = self.http.post(format!("{}/graphql", self.url)).timeout(ANSWERS_WITHIN).json(&body).send().await.map_err(silent)?;
        let answer: Value = asked.json().await.map_err(silent)?;
        match answer.get("errors") {
            None => Ok(answer["data"].clone()),
            Some(errors) => Err(NoAnswer(errors.to_string())),
        }
    }
}

/// Mounts it where only this process sees it; it is gone with the process. Whoever is not root does so in a name space of his own.
fn on_a_small_disk(folder: &Path, kilobytes: u32) -> Command {
    std::fs::create_dir_all(folder).unwrap();
    let mut command = Command::new("unshare");
    if !geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let script = format!("mount -t tmpfs -o size={kilobytes}k millwright \"$0\" && exec setpriv \"$@\"");
    command.args(["--mount", "sh", "-c", &script]).arg(folder);
    command
}

fn last_lines(log: &Path) -> String {
    let text = String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
