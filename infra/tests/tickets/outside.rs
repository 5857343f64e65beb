//! What the contract knows of a system: its adapter, and what stands in it.

use millwright_domain::{
    case::Severity,
    ids::{CaseId, derived},
    ports::ticket_system::TicketSystem,
    ticket::TicketText,
};
use millwright_infra::outward::{Outward, OutwardSettings};
use millwright_standin::Faults;
use std::{fs, path::PathBuf, sync::Arc};

/// A ticket as it stands in the system.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Held {
    pub id: String,
    pub title: String,
    pub body: String,
    /// `None` where the system has none.
    pub labels: Option<Vec<String>>,
    pub is_open: bool,
    pub comments: Vec<String>,
}

/// A request of the adapter: its method, and something that is in its path.
pub type Route = (&'static str, &'static str);

pub trait Outside {
    /// As a program makes it. Each is another program.
    fn adapter(&self) -> Arc<dyn TicketSystem>;
    /// Told to go to `url` instead, by way of `outward`.
    fn adapter_at(&self, url: &str, outward: Outward) -> Arc<dyn TicketSystem>;
    fn url(&self) -> String;
    fn faults(&self) -> &Faults;
    /// All that there are, oldest first.
    fn tickets(&self) -> Vec<Held>;
    fn opening(&self) -> Route;
    fn commenting(&self) -> Route;
    /// The longest body, in characters, that arrives whole.
    fn longest_body(&self) -> usize;
    /// So many 401s in a row are one for the adapter.
    fn tries_at_401(&self) -> usize {
        1
    }
    fn secret(&self) -> &SecretFile;
    /// The secret that the system takes from now on, and no other.
    fn takes_only(&self, secret: &str);
    /// A secret as the system gives them out.
    fn new_secret(&self) -> &'static str;
}

pub fn outward() -> Outward {
    Outward::new(OutwardSettings { allow: vec!["127.0.0.1".into()], timeout_s: 20 }).unwrap()
}

pub fn case(number: u32) -> CaseId {
    CaseId(derived("contract", "case", number))
}

pub fn text(title: &str, body: &str) -> TicketText {
    TicketText { title: title.into(), body: body.into(), labels: labels(&["millwright", "severity-high", "bearing_wear"]), severity: Severity::High }
}

pub fn labels(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|label| label.to_string()).collect()
}

pub struct SecretFile {
    folder: tempfile::TempDir,
}

impl SecretFile {
    pub fn holding(secret: &str) -> Self {
        let file = Self { folder: tempfile::tempdir().unwrap() };
        file.write(secret);
        file
    }
    pub fn write(&self, secret: &str) {
        fs::write(self.path(), secret).unwrap();
    }
    pub fn read(&self) -> String {
        fs::read_to_string(self.path()).unwrap().trim().to_string()
    }
    pub fn place(&self) -> String {
        self.path().to_str().unwrap().to_string()
    }
    fn path(&self) -> PathBuf {
        self.folder.path().join("secret")
    }
}
