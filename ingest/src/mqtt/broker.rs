//! How a broker is reached, as a person writes it: address, who we are, TLS. The same for plain MQTT and for Sparkplug.

use crate::{
    problem::{Problem, Under, host_and_port, within},
    protocol::CannotConnect,
};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const PLAIN_PORT: u16 = 1883;
const TLS_PORT: u16 = 8883;
/// Longer than any password or certificate chain.
const LARGEST_FILE: u64 = 1 << 20;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Broker {
    /// `host` or `host:port`.
    pub address: String,
    /// Stable, and unlike that of every other client of the broker. Made of the device's id where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// A file that holds the password and nothing else. Read at each connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// A broker that says nothing for one and a half times as long is taken for gone.
    #[serde(default = "ten_seconds")]
    pub keep_alive_s: u16,
    /// A larger packet ends the connection.
    #[serde(default = "quarter_of_a_megabyte")]
    pub max_packet_kb: u32,
}

/// `{}` trusts what the operating system trusts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Whom to trust, in PEM, instead of what the operating system trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Who we are, in PEM; together with `key_file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
}

fn ten_seconds() -> u16 {
    10
}
fn quarter_of_a_megabyte() -> u32 {
    256
}

impl Broker {
    /// With everything as it goes without saying.
    pub fn at(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            client_id: None,
            username: None,
            password_file: None,
            tls: None,
            keep_alive_s: ten_seconds(),
            max_packet_kb: quarter_of_a_megabyte(),
        }
    }

    pub(crate) fn check(&self) -> Under<()> {
        host_and_port("address", &self.host_and_port(), "192.168.0.10:1883")?;
        within("keep_alive_s", self.keep_alive_s.into(), 1, 3_600)?;
        within("max_packet_kb", self.max_packet_kb.into(), 1, 16_384)?;
        let wrong = |key: &str, why: &str| Err((key.to_string(), Problem::Protocol(why.into())));
        if self.client_id.as_ref().is_some_and(|id| id.is_empty() || id.len() > 128 || id.chars().any(char::is_control)) {
            return wrong("client_id", "must be 1 to 128 characters, without control characters");
        }
        if self.password_file.is_some() && self.username.is_none() {
            return wrong("password_file", "needs a `username` beside it");
        }
        if self.tls.as_ref().is_some_and(|tls| tls.certificate_file.is_some() != tls.key_file.is_some()) {
            return wrong("tls", "needs certificate_file and key_file, or neither");
        }
        Ok(())
    }

    /// With the port that goes without saying.
    pub fn host_and_port(&self) -> String {
        let bare_host = !self.address.contains(':') || self.address.ends_with(']');
        if !bare_host {
            return self.address.clone();
        }
        format!("{}:{}", self.address, if self.tls.is_some() { TLS_PORT } else { PLAIN_PORT })
    }

    /// The name and the password to give, if any.
    pub(super) async fn login(&self) -> Result<Option<(String, String)>, CannotConnect> {
        let Some(username) = self.username.clone() else { return Ok(None) };
        let Some(file) = &self.password_file else { return Ok(Some((username, String::new()))) };
        let bytes = read("password_file", file).await?;
        let password = String::from_utf8(bytes).map_err(|_not_text| CannotConnect(format!("password_file {} holds no text", file.display())))?;
        Ok(Some((username, password.trim_end_matches(['\r', '\n']).to_string())))
    }
}

/// A small file that the settings name.
pub(super) async fn read(key: &str, file: &Path) -> Result<Vec<u8>, CannotConnect> {
    let unreadable = |cause: std::io::Error| CannotConnect(format!("{key} {} cannot be read: {cause}", file.display()));
    let length = tokio::fs::metadata(file).await.map_err(unreadable)?.len();
    if length > LARGEST_FILE {
        return Err(CannotConnect(format!("{key} {} is {length} bytes long; name the file itself, not something larger", file.display())));
    }
    tokio::fs::read(file).await.map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_not_given_is_the_usual_one() {
        assert_eq!(Broker::at("broker.plant").host_and_port(), "broker.plant:1883");
        assert_eq!(Broker::at("10.0.0.5:11883").host_and_port(), "10.0.0.5:11883");
        let tls = Some(Tls { ca_file: None, certificate_file: None, key_file: None });
        assert_eq!(Broker { tls, ..Broker::at("broker.plant") }.host_and_port(), "broker.plant:8883");
    }

    #[test]
    fn what_cannot_be_is_named_with_its_key() {
        let key = |broker: Broker| broker.check().unwrap_err().0;
        assert_eq!(key(Broker::at("")), "address");
        assert_eq!(key(Broker { keep_alive_s: 0, ..Broker::at("b") }), "keep_alive_s");
        assert_eq!(key(Broker { client_id: Some(String::new()), ..Broker::at("b") }), "client_id");
        assert_eq!(key(Broker { password_file: Some("p".into()), ..Broker::at("b") }), "password_file");
        let half = Tls { ca_file: None, certificate_file: Some("c".into()), key_file: None };
        assert_eq!(key(Broker { tls: Some(half), ..Broker::at("b") }), "tls");
    }

    #[tokio::test]
    async fn a_password_is_what_the_file_holds_without_the_end_of_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, " s3cret \n").unwrap();
        let broker = Broker { username: Some("mill".into()), password_file: Some(file), ..Broker::at("b") };
        assert_eq!(broker.login().await.unwrap(), Some(("mill".into(), " s3cret ".into())));
        let absent = Broker { password_file: Some("/nowhere/at/all".into()), ..broker };
        assert!(absent.login().await.unwrap_err().0.contains("password_file /nowhere/at/all cannot be read"));
    }
}
