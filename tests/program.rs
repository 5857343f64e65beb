//! The real binary as a process: started, asked over HTTP, killed.

use serde_json::{Value, json};
use std::{
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// Long enough for a loaded machine; nothing waits this long when all is well.
const LIMIT: Duration = Duration::from_secs(90);

pub fn millwright() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_millwright"));
    command.env_remove("MILLWRIGHT_URL").stdin(Stdio::null());
    command
}

/// Runs to the end.
pub fn run(arguments: &[&str], folder: &Path) -> Output {
    millwright().args(arguments).current_dir(folder).output().expect("the program starts")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A demo in a data folder, on ports of its own. Killed when dropped.
pub struct Program {
    child: Child,
    pub url: String,
    http: reqwest::Client,
}

impl Program {
    pub async fn demo(data: &Path, arguments: &[&str]) -> Self {
        Self::demo_with(data, arguments, &[]).await
    }

    pub async fn demo_with(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::demo_logging(data, "warn", Stdio::inherit(), arguments, environment).await
    }

    /// As loud as wanted, to where it is wanted.
    pub async fn demo_logging(data: &Path, level: &str, log: impl Into<Stdio>, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let url_file = data.join("url");
        std::fs::create_dir_all(data).expect("a folder");
        std::fs::remove_file(&url_file).ok();
        let mut command = millwright();
        command.arg("demo").arg("--data").arg(data).args(["--listen", "127.0.0.1:0", "--log-level", level]).arg("--url-file").arg(&url_file);
        let mut child =
            command.args(arguments).envs(environment.iter().copied()).stdout(Stdio::null()).stderr(log).spawn().expect("the program starts");
        let limit = Instant::now() + LIMIT;
        let url = loop {
            if let Ok(url) = std::fs::read_to_string(&url_file)
                && !url.is_empty()
            {
                break url;
            }
            if let Some(status) = child.try_wait().expect("a child") {
                panic!("the demo ended early: {status}");
            }
            assert!(Instant::now() < limit, "the demo gave no address");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        Self { child, url, http: reqwest::Client::new() }
    }

    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        let body = json!({"query": query, "variables": variables});
        let answer = self.http.post(format!("{}/graphql", self.url)).json(&body).send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].clone()
    }

    /// Asks again until the answer will do.
    pub async fn until<T>(&self, query: &str, pick: impl Fn(&Value) -> Option<T>) -> T {
        self.until_with(query, json!({}), pick).await
    }

    pub async fn until_with<T>(&self, query: &str, variables: Value, pick: impl Fn(&Value) -> Option<T>) -> T {
        let limit = Instant::now() + LIMIT;
        loop {
            let answer = self.ask(query, variables.clone()).await;
            if let Some(found) = pick(&answer) {
                return found;
            }
            assert!(Instant::now() < limit, "it did not come to pass; last answer: {answer}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The most memory that it has had so far, in megabytes.
    pub fn peak_mb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a process that runs");
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        kilobytes.expect("the kernel tells a peak") / 1_024
    }

    /// No drain, no goodbye.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("reaped");
    }

    /// As a service manager ends it. Returns whether it ended well.
    pub fn terminate(mut self) -> bool {
        let told = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().expect("kill runs");
        told.success() && self.child.wait().expect("reaped").success()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
