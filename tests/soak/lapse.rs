//! The real program on its simulated plant in time-lapse, as a process: asked, hit, measured.

use super::day::Stretch;
use crate::program::{millwright, text};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// On a machine with other work, and with a cluster that must first miss the one before.
const SERVES_WITHIN: Duration = Duration::from_secs(120);
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// How the program is started, again and again.
pub struct How {
    pub folder: PathBuf,
    pub settings: BTreeMap<String, String>,
    pub speed: f64,
    pub seed: u64,
    /// Where the plant listens, and where the collector finds it.
    pub plant: SocketAddr,
    pub wire: SocketAddr,
}

impl How {
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
    pub fn log(&self) -> PathBuf {
        self.folder.join("program.log")
    }

    /// A command of the program that ends by itself.
    pub fn told(&self, arguments: &[&str]) {
        let mut command = millwright();
        command.args(arguments).arg("--data").arg(self.data()).envs(&self.settings).current_dir(&self.folder);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    }
}

pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub struct Lapse {
    child: Child,
    url: String,
    http: reqwest::Client,
}

/// What the process takes up.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub resident_kb: u64,
    pub files: usize,
    pub threads: u64,
}

#[derive(Debug)]
pub struct NoAnswer(pub String);

impl Lapse {
    /// Starts it with this script for its plant, and waits until it serves.
    pub async fn start(how: &How, stretch: &Stretch) -> Self {
        let (script, url_file) = (how.folder.join("scenario.json"), how.folder.join("url"));
        fs::write(&script, stretch.scenario().to_string()).unwrap();
        fs::remove_file(&url_file).ok();
        let log = File::options().create(true).append(true).open(how.log()).unwrap();
        // The kernel ends it when the test that started it ends, however that comes about.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(millwright().get_program()).args(["demo", "--listen", "127.0.0.1:0", "--log-level", "warn"]);
        command.arg("--data").arg(how.data()).arg("--url-file").arg(&url_file).arg("--scenario").arg(&script);
        command.args(["--speed", &how.speed.to_string(), "--seed", &how.seed.to_string()]);
        command.args(["--plant", &how.plant.to_string(), "--wire", &how.wire.to_string()]);
        command.current_dir(&how.folder).envs(&how.settings).env_remove("MILLWRIGHT_URL");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let limit = Instant::now() + SERVES_WITHIN;
        loop {
            let url = fs::read_to_string(&url_file).unwrap_or_default();
            if !url.is_empty() {
                let http = reqwest::Client::builder().timeout(ANSWERS_WITHIN).build().unwrap();
                return Self { child, url, http };
            }
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the program ended early, {status}: {}", last_lines(&how.log()));
            }
            assert!(Instant::now() < limit, "the program does not serve its page: {}", last_lines(&how.log()));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn ask(&self, query: &str, variables: Value) -> Result<Value, NoAnswer> {
        let body = json!({"query": query, "variables": variables});
        let answer = self.post("/graphql", &body).await?;
        match answer.get("errors") {
            None => Ok(answer["data"].clone()),
            Some(errors) => Err(NoAnswer(errors.to_string())),
        }
    }
    pub async fn load(&self, stretch: &Stretch) -> Result<(), NoAnswer> {
        self.post("/scenario/load", &stretch.scenario()).await?;
        self.post("/scenario/start", &json!({})).await.map(|_| ())
    }
    pub async fn repair(&self, asset: &str) -> Result<(), NoAnswer> {
        self.post("/scenario/repair", &json!({"asset": asset})).await.map(|_| ())
    }
    /// Plant seconds since the script began.
    pub async fn elapsed_s(&self) -> Result<f64, NoAnswer> {
        let silent = |error: reqwest::Error| NoAnswer(error.to_string());
        let status: Value = self.http.get(format!("{}/scenario/status", self.url)).send().await.map_err(silent)?.json().await.map_err(silent)?;
        status["elapsed_s"].as_f64().ok_or_else(|| NoAnswer(status.to_string()))
    }
    async fn post(&self, path: &str, body: &Value) -> Result<Value, NoAnswer> {
        let silent = |error: reqwest::Error| NoAnswer(error.to_string());
        let sent = self.http.post(format!("{}{path}", self.url)).json(body).send().await.map_err(silent)?;
        sent.json().await.map_err(silent)
    }

    pub fn size(&self) -> Size {
        let process = PathBuf::from(format!("/proc/{}", self.child.id()));
        let status = fs::read_to_string(process.join("status")).unwrap();
        let figure = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in {status}"));
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        Size { resident_kb: figure("VmRSS:"), files: fs::read_dir(process.join("fd")).unwrap().count(), threads: figure("Threads:") }
    }

    /// No drain, no goodbye.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
    /// As a service manager ends it.
    pub async fn terminate(mut self) {
        self.signal("TERM");
        let limit = Instant::now() + SERVES_WITHIN;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "it ended badly: {status}");
                return;
            }
            assert!(Instant::now() < limit, "it was told to end and did not");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    pub async fn pause(&self, seconds: f64) {
        self.signal("STOP");
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        self.signal("CONT");
    }
    fn signal(&self, signal: &str) {
        let told = Command::new("kill").arg(format!("-{signal}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(told.success());
    }
}

impl Drop for Lapse {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub fn last_lines(log: &Path) -> String {
    let said = text(&fs::read(log).unwrap_or_default());
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
