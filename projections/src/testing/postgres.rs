//! A real Postgres for tests: one for each test binary, which ends with it, or the one that `MILLWRIGHT_TEST_POSTGRES` names.

use std::{
    path::PathBuf,
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/postgres.sh");

/// `None`, and a loud word, if there is none to be had; with `CI=true` that is a failure.
pub fn url() -> Option<String> {
    static URL: OnceLock<Option<String>> = OnceLock::new();
    let begin = || match std::env::var("MILLWRIGHT_TEST_POSTGRES") {
        Ok(url) => Some(url),
        Err(_) => Server::start().map(|server| server.url),
    };
    URL.get_or_init(begin).clone()
}

/// A schema's name that no other test uses.
pub fn fresh_schema() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("t{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// A server of one's own, to be killed. It ends with this process at the latest.
pub struct Server {
    dir: PathBuf,
    pub url: String,
}

impl Server {
    pub fn start() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("millwright-postgres-{}-{number}", std::process::id()));
        match script(&["up".as_ref(), dir.as_os_str(), "--parent".as_ref(), std::process::id().to_string().as_ref()]) {
            Ok(url) => Some(Self { dir, url }),
            Err(why) if std::env::var("CI").as_deref() == Ok("true") => panic!("no Postgres to test against: {why}"),
            Err(why) => {
                eprintln!("SKIPPED: no Postgres to test against; nothing is known of Postgres by this run. {why}");
                None
            }
        }
    }
    /// As a power cut would.
    pub fn kill(&self) {
        script(&["kill".as_ref(), self.dir.as_os_str()]).unwrap();
    }
    pub fn start_again(&self) {
        script(&["start".as_ref(), self.dir.as_os_str()]).unwrap();
    }
    pub fn wipe(self) {
        script(&["wipe".as_ref(), self.dir.as_os_str()]).unwrap();
    }
}

fn script(words: &[&std::ffi::OsStr]) -> Result<String, String> {
    let done = Command::new(SCRIPT).args(words).output().map_err(|cause| format!("{SCRIPT} did not run: {cause}"))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_string();
    if done.status.success() { Ok(said(&done.stdout)) } else { Err(said(&done.stderr)) }
}
