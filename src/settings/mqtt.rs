//! Settings of the message bus that alerts, diagnoses, tickets and feedback are told on.

use super::secret;
use anyhow::{Context, Result, ensure};
use millwright_domain::ids::NodeId;
use millwright_infra::mqtt::{BrokerAccess, Login, Tls};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

const PLAIN_PORT: u16 = 1883;
const TLS_PORT: u16 = 8883;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mqtt {
    /// `host` or `host:port` of a broker; empty tells nobody.
    pub address: String,
    /// Empty takes `millwright-` and this node's name.
    pub client_id: String,
    pub username: String,
    /// A file that holds the password and nothing else; empty for none.
    pub password_file: PathBuf,
    pub tls: bool,
    /// Whom to trust, in PEM; empty for whom the operating system trusts.
    pub ca_file: PathBuf,
    /// Before every topic; empty for none.
    pub prefix: String,
    /// Whether the broker keeps how things stand for those who come later.
    pub retain: bool,
}

impl Default for Mqtt {
    fn default() -> Self {
        Self {
            address: String::new(),
            client_id: String::new(),
            username: String::new(),
            password_file: PathBuf::new(),
            tls: false,
            ca_file: PathBuf::new(),
            prefix: String::new(),
            retain: true,
        }
    }
}

impl Mqtt {
    pub fn is_on(&self) -> bool {
        !self.address.is_empty()
    }

    pub fn checked(&self) -> Result<()> {
        if self.is_on() {
            self.host_and_port()?;
        }
        let is_level = |level: &str| !level.is_empty() && !level.contains(['+', '#']) && !level.chars().any(char::is_control);
        let is_topic = self.prefix.is_empty() || self.prefix.len() <= 200 && !self.prefix.starts_with('$') && self.prefix.split('/').all(is_level);
        ensure!(is_topic, "mqtt.prefix must be the beginning of a topic such as `plant-7/millwright`, without +, #, $ or empty levels");
        ensure!(self.password_file.as_os_str().is_empty() || !self.username.is_empty(), "mqtt.password_file needs mqtt.username beside it");
        ensure!(self.tls || self.ca_file.as_os_str().is_empty(), "mqtt.ca_file needs `mqtt.tls = true` beside it");
        ensure!(self.client_id.len() <= 128 && !self.client_id.chars().any(char::is_control), "mqtt.client_id must be at most 128 plain characters");
        Ok(())
    }

    /// How to reach the broker, with the password from its file; `None` if there is none.
    pub fn access(&self, node: &NodeId) -> Result<Option<BrokerAccess>> {
        if !self.is_on() {
            return Ok(None);
        }
        let (host, port) = self.host_and_port()?;
        let password = secret(&self.password_file, "mqtt.password_file")?.unwrap_or_default();
        let login = (!self.username.is_empty()).then(|| Login { username: self.username.clone(), password });
        let ca_file = Some(self.ca_file.clone()).filter(|file| !file.as_os_str().is_empty());
        let client_id = if self.client_id.is_empty() { format!("millwright-{node}") } else { self.client_id.clone() };
        let tls = self.tls.then_some(Tls { ca_file });
        Ok(Some(BrokerAccess { host, port, client_id, login, tls, prefix: self.prefix.clone(), retain: self.retain }))
    }

    fn host_and_port(&self) -> Result<(String, u16)> {
        let usual = if self.tls { TLS_PORT } else { PLAIN_PORT };
        let (host, port) = match self.address.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().with_context(|| format!("mqtt.address is {:?}, whose port is no port", self.address))?)
            }
            _ => (self.address.as_str(), usual),
        };
        let is_host = !host.is_empty() && !host.contains('/') && !host.contains(char::is_whitespace);
        ensure!(is_host && port > 0, "mqtt.address is {:?}; write it as `broker.plant` or `192.168.0.10:1883`", self.address);
        Ok((host.to_string(), port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Mqtt {
        Mqtt { address: address.into(), ..Mqtt::default() }
    }

    #[test]
    fn a_port_that_is_not_given_is_the_usual_one() {
        assert_eq!(at("broker.plant").host_and_port().unwrap(), ("broker.plant".into(), 1883));
        assert_eq!(at("[::1]").host_and_port().unwrap(), ("[::1]".into(), 1883));
        assert_eq!(at("[::1]:1884").host_and_port().unwrap(), ("[::1]".into(), 1884));
        assert_eq!(Mqtt { tls: true, ..at("b") }.host_and_port().unwrap(), ("b".into(), 8883));
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_key() {
        let refused = |mqtt: Mqtt| mqtt.checked().unwrap_err().to_string();
        for address in ["mqtt://b:1883", "b:x", ":1883", "b:0", "b c"] {
            assert!(refused(at(address)).contains("mqtt.address"), "{address}");
        }
        for prefix in ["a/+/b", "#", "/a", "a/", "$SYS"] {
            assert!(refused(Mqtt { prefix: prefix.into(), ..at("b") }).contains("mqtt.prefix"), "{prefix}");
        }
        assert!(refused(Mqtt { password_file: "p".into(), ..at("b") }).contains("mqtt.username"));
        assert!(refused(Mqtt { ca_file: "ca.pem".into(), ..at("b") }).contains("mqtt.tls"));
        assert!(Mqtt { prefix: "plant-7/millwright".into(), ..at("b") }.checked().is_ok());
    }

    #[test]
    fn the_password_is_read_from_its_file_and_shown_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "s3cret\n").unwrap();
        let mqtt = Mqtt { username: "mill".into(), password_file: file, ..at("b") };
        let access = mqtt.access(&"node-a".parse().unwrap()).unwrap().unwrap();
        assert_eq!(access.client_id, "millwright-node-a");
        let login = access.login.unwrap();
        assert_eq!(login.password, "s3cret");
        assert!(!format!("{login:?} {mqtt:?}").contains("s3cret"));
        assert!(at("").access(&"node-a".parse().unwrap()).unwrap().is_none());
    }
}
