//! The real program on its own configuration, at an address that stays, killed and started again at will.

use crate::program::millwright;
use serde_json::{Value, json};
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

/// Long enough for a loaded machine; nothing waits this long when all is well.
const LIMIT: Duration = Duration::from_secs(180);

pub struct House {
    folder: PathBuf,
    listen: String,
    child: Option<Child>,
    http: reqwest::Client,
}

impl House {
    /// In a folder with everything that it needs, on a port that was free a moment ago.
    pub fn in_folder(folder: &Path) -> Self {
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        Self { folder: folder.into(), listen, child: None, http: reqwest::Client::new() }
    }

    pub fn write(&self, file: &str, text: &str) {
        let place = self.folder.join(file);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    pub fn webhook(&self, source: &str) -> String {
        format!("http://{}/webhooks/{source}", self.listen)
    }

    /// Returns once it answers.
    pub async fn start(&mut self) {
        let mut command = millwright();
        command.current_dir(&self.folder).args(["run", "--listen", &self.listen, "--log-level", "warn"]);
        self.child = Some(command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().expect("the program starts"));
        let begun = Instant::now();
        while self.http.get(format!("http://{}/health", self.listen)).send().await.is_err() {
            let child = self.child.as_mut().unwrap();
            assert!(child.try_wait().unwrap().is_none() && begun.elapsed() < LIMIT, "the program does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// No drain, no goodbye; and up again.
    pub async fn kill_and_start(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        self.start().await;
    }

    pub async fn ask(&self, query: &str) -> Value {
        let url = format!("http://{}/graphql", self.listen);
        let answer: Value = self.http.post(url).json(&json!({ "query": query })).send().await.unwrap().json().await.unwrap();
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].clone()
    }

    /// Asks again until the answer will do.
    pub async fn until<T>(&self, query: &str, pick: impl Fn(&Value) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            let answer = self.ask(query).await;
            if let Some(found) = pick(&answer) {
                return found;
            }
            assert!(begun.elapsed() < LIMIT, "it did not come to pass; last answer: {answer:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Looks again until there is something.
pub async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < LIMIT, "{what} did not come to pass");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}
