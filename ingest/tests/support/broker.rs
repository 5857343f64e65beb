//! A mosquitto of our own: started, paused, killed, started again.
#![allow(dead_code, clippy::unwrap_used, reason = "each test binary uses its own part")]

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Where mosquitto is, or `None` after saying loudly that tests are skipped.
pub fn mosquitto() -> Option<PathBuf> {
    let of_path = std::env::var_os("PATH").into_iter().flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let folders = of_path.chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = folders.map(|folder| folder.join("mosquitto")).find(|program| program.exists());
    if found.is_none() {
        let missing = "mosquitto is not there: apt-get install mosquitto";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}");
        eprintln!("SKIPPED: {missing}");
    }
    found
}

pub struct Broker {
    child: Child,
    port: u16,
    folder: TempDir,
    program: PathBuf,
}

impl Broker {
    /// Takes everybody, and keeps nothing over its own end.
    pub fn start(program: PathBuf, port: u16) -> Self {
        Self::with(program, port, "allow_anonymous true\n")
    }
    /// With more lines of its configuration.
    pub fn with(program: PathBuf, port: u16, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = format!("listener {port} 127.0.0.1\npersistence false\nmax_queued_messages 100000\n{more}");
        fs::write(folder.path().join("mosquitto.conf"), settings).unwrap();
        let child = run(&program, &folder);
        let broker = Self { child, port, folder, program };
        broker.await_up();
        broker
    }
    fn await_up(&self) {
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(self.address()).is_err() {
            assert!(Instant::now() < until, "the broker on port {} does not come up", self.port);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }
    /// Connections stay up and nothing is answered.
    pub fn pause(&self) {
        self.signal("-STOP");
    }
    pub fn resume(&self) {
        self.signal("-CONT");
    }
    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
    /// Gone, with all that it knew.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
    pub fn start_again(&mut self) {
        self.child = run(&self.program, &self.folder);
        self.await_up();
    }
}

fn run(program: &PathBuf, folder: &TempDir) -> Child {
    let mut command = Command::new(program);
    command.arg("-c").arg(folder.path().join("mosquitto.conf"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("mosquitto starts")
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}
