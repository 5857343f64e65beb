//! A process to collect from: started, paused, killed, asked.
#![allow(dead_code, clippy::unwrap_used, reason = "each test binary uses its own part")]

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

/// Python with the pinned peers, or `None` after saying loudly that tests are skipped.
pub fn python() -> Option<PathBuf> {
    let of_repository = repository().join(".venv/bin/python");
    let python = std::env::var_os("MILLWRIGHT_PYTHON").map_or(of_repository, PathBuf::from);
    if python.exists() {
        return Some(python);
    }
    let missing = format!("{} is not there; run tests/peers/setup.sh, or set MILLWRIGHT_PYTHON", python.display());
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}");
    eprintln!("SKIPPED: {missing}");
    None
}

fn repository() -> &'static Path {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    folders.into_iter().find(|folder| folder.join("tests/peers/setup.sh").is_file()).expect("the crate lies in the repository")
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub struct Peer {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    port: u16,
}

impl Peer {
    /// One of our scriptable peers, `tests/peers/NAME`, with its port as first argument. Returns once something listens there.
    pub fn script(python: &Path, name: &str, port: u16, more: &[&str]) -> Self {
        let script = repository().join("tests/peers").join(name);
        Self::start(Command::new(python).arg(script).arg(port.to_string()).args(more), port)
    }
    /// Our scriptable Modbus device.
    pub fn faulty(python: &Path, port: u16) -> Self {
        Self::script(python, "modbus_faulty.py", port, &[])
    }

    /// pymodbus' own simulator, on our register map. `_folder` keeps the settings while it runs.
    pub fn simulator(python: &Path, folder: &Path) -> Self {
        let (port, http) = (free_port(), free_port());
        let text = std::fs::read_to_string(repository().join("tests/peers/modbus_simulator.json")).unwrap();
        let settings = folder.join("modbus_simulator.json");
        std::fs::write(&settings, text.replace("\"port\": 0", &format!("\"port\": {port}"))).unwrap();
        let mut command = Command::new(python.with_file_name("pymodbus.simulator"));
        command.args(["--modbus_server", "plc", "--modbus_device", "motor", "--http_host", "127.0.0.1"]);
        command.args(["--http_port", &http.to_string(), "--json_file"]).arg(&settings);
        Self::start(&mut command, port)
    }

    fn start(command: &mut Command, port: u16) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the peer starts");
        let orders = child.stdin.take().expect("stdin is piped");
        let answers = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut peer = Self { child, orders, answers, port };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(peer.address()).is_err() {
            let ended = peer.child.try_wait().ok().flatten();
            assert!(ended.is_none(), "{command:?} ended at once, {ended:?}; run it to see why");
            assert!(Instant::now() < until, "the peer on port {port} does not come up");
            std::thread::sleep(Duration::from_millis(20));
        }
        peer
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The next reads are answered that much late.
    pub fn answers_late(&mut self, late_ms: u64, times: u32) {
        self.order(&format!("{{\"late_ms\": {late_ms}, \"times\": {times}}}"));
    }

    /// Every write that arrived: address and values.
    pub fn writes(&mut self) -> Vec<(u16, Vec<u16>)> {
        serde_json::from_value(self.ask("{\"ask\": \"writes\"}")["writes"].clone()).unwrap()
    }
    /// The same of a peer that names its points: every value that arrived by a write.
    pub fn values_written(&mut self) -> Vec<f64> {
        let writes: Vec<(String, f64)> = serde_json::from_value(self.ask("{\"ask\": \"writes\"}")["writes"].clone()).unwrap();
        writes.into_iter().map(|(_, value)| value).collect()
    }
    /// An order and its answer.
    pub fn ask(&mut self, order: &str) -> serde_json::Value {
        serde_json::from_str(&self.order(order)).unwrap()
    }

    fn order(&mut self, line: &str) -> String {
        writeln!(self.orders, "{line}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer
    }

    /// Connections stay up and nothing is answered: a cable pulled out without a word.
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
    pub fn kill(mut self) {
        self.end();
    }
    fn end(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.end();
    }
}
