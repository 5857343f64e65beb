//! For the tests of the door: requests as services make them, and where their secrets are kept.

use crate::secret::SecretSource;
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use millwright_domain::{
    Timestamp,
    ports::inbound::{Heard, Knock, News},
};
use sha1::Sha1;
use sha2::Sha256;
use tempfile::TempDir;

pub const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A file with these secrets; it goes with the folder.
pub fn kept(secrets: &str) -> (TempDir, SecretSource) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, secrets).unwrap();
    (folder, SecretSource::parse(file.to_str().unwrap()).unwrap())
}

pub fn post(source: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Knock {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Knock { source: source.into(), method: "POST".into(), query: vec![], headers, body: body.into() }
}

pub fn sha256_hex(secret: &str, text: &[u8]) -> String {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn sha1_base64(secret: &str, text: &[u8]) -> String {
    let mut mac = <Hmac<Sha1> as Mac>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text);
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

pub fn news(heard: Heard) -> Vec<News> {
    match heard {
        Heard::News(news) => news,
        Heard::Challenge(text) => panic!("a challenge: {text}"),
    }
}
