//! An OPC UA server as written in the settings, and what is listened to there, which cannot be wrong.

use super::{
    OpcUa, Slot,
    address::Address,
    rhythm::Rhythm,
    security::{Login, Security, Server},
};
use crate::{
    classes::{Class, PollClass},
    device::{Place, Spoken},
    point::PointConfig,
    problem::{Problem, Under, within},
    protocol::Manner,
};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// One server. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpcUaConfig {
    /// `opc.tcp://host:port/path`.
    pub address: String,
    /// Without one nothing is signed or encrypted: for trials.
    #[serde(default)]
    pub security_policy: SecurityPolicy,
    /// With a policy: `sign_and_encrypt` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_mode: Option<SecurityMode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Holds the password and nothing else; read at each connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// A user's certificate instead of a password; `.der` or `.pem`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_certificate_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_key_file: Option<PathBuf>,
    /// Where certificates live: `own`, `private`, `trusted`, `rejected`.
    #[serde(default = "usual_pki")]
    pub pki: PathBuf,
    /// As it stands in our certificate.
    #[serde(default = "usual_uri")]
    pub application_uri: String,
    /// Takes whatever certificate the server shows first: for trials.
    #[serde(default)]
    pub trust_server_certificates: bool,
    /// A certificate in `trusted` counts even past its date or with another host name in it.
    #[serde(default)]
    pub pinned_is_enough: bool,
    /// How often the server looks for changes, 0 as often as it can; the class's interval where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling_interval_ms: Option<u64>,
    /// Changes of one point that the server keeps until it tells them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_size: Option<u32>,
    #[serde(default = "half_a_minute")]
    pub session_timeout_ms: u64,
}

/// As the servers name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SecurityPolicy {
    #[default]
    #[serde(rename = "none", alias = "None")]
    None,
    Basic256Sha256,
    #[serde(rename = "Aes128_Sha256_RsaOaep", alias = "Aes128Sha256RsaOaep")]
    Aes128Sha256RsaOaep,
    #[serde(rename = "Aes256_Sha256_RsaPss", alias = "Aes256Sha256RsaPss")]
    Aes256Sha256RsaPss,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityMode {
    #[serde(alias = "Sign")]
    Sign,
    #[serde(alias = "SignAndEncrypt")]
    SignAndEncrypt,
}

fn usual_pki() -> PathBuf {
    "data/pki".into()
}
fn usual_uri() -> String {
    "urn:millwright".into()
}
fn half_a_minute() -> u64 {
    30_000
}

impl OpcUaConfig {
    pub(crate) fn checked(&self, points: &[PointConfig], classes: &[PollClass]) -> Under<Spoken> {
        let server = self.server()?;
        let rhythms = self.rhythms(classes)?;
        let classes = Class::checked(classes, Manner::Told)?;
        let slot = |(index, config): (usize, &PointConfig)| {
            let under = |(key, problem): (String, Problem)| (format!("points[{index}].{key}"), problem);
            let class = Class::position(&classes, config.class.as_deref()).map_err(under)?;
            slot(config, class).map_err(|(key, why)| under((key.into(), Problem::Protocol(why))))
        };
        let slots: Vec<Slot> = points.iter().enumerate().map(slot).collect::<Under<_>>()?;
        let places = slots.iter().map(Slot::place).collect();
        let address = server.url.clone();
        Ok(Spoken { address, pause: Duration::ZERO, places, protocol: Arc::new(OpcUa::new(server, slots, rhythms)) })
    }

    fn server(&self) -> Under<Server> {
        let problem = |key: &str, why: &str| Err((key.to_string(), Problem::Protocol(why.into())));
        if !is_url(&self.address) {
            return problem("address", "must be opc.tcp://host:port/path, like opc.tcp://192.168.0.10:4840");
        }
        within("session_timeout_ms", self.session_timeout_ms, 5_000, 3_600_000)?;
        let security = match (self.security_policy, self.security_mode) {
            (SecurityPolicy::None, Some(_)) => return problem("security_mode", "needs a security_policy; add it, or leave the mode out"),
            (SecurityPolicy::None, None) => None,
            (policy, mode) => Some(Security { policy, mode: mode.unwrap_or(SecurityMode::SignAndEncrypt) }),
        };
        let login = match (&self.user, &self.password_file, &self.user_certificate_file, &self.user_key_file) {
            (None, None, None, None) => Login::Anonymous,
            (Some(user), Some(file), None, None) => Login::Password { user: user.clone(), file: file.clone() },
            (None, None, Some(certificate), Some(key)) => Login::Certificate { certificate: certificate.clone(), key: key.clone() },
            _ => return problem("user", "needs user and password_file, or user_certificate_file and user_key_file, or none of them"),
        };
        if security.is_none() && login != Login::Anonymous {
            return problem(
                "security_policy",
                "must be set where somebody logs in: without it the server is not known, and a password could be read",
            );
        }
        if self.application_uri.is_empty() || self.application_uri.len() > 1_000 {
            return problem("application_uri", "must be a URI, like urn:millwright");
        }
        Ok(Server {
            url: self.address.clone(),
            security,
            login,
            pki: self.pki.clone(),
            application_uri: self.application_uri.clone(),
            trusts_at_first_sight: self.trust_server_certificates,
            pinned_is_enough: self.pinned_is_enough,
            session_timeout_ms: self.session_timeout_ms.try_into().unwrap_or(u32::MAX),
        })
    }

    fn rhythms(&self, classes: &[PollClass]) -> Under<Vec<Rhythm>> {
        if let Some(sampling) = self.sampling_interval_ms {
            within("sampling_interval_ms", sampling, 0, 86_400_000)?;
        }
        if let Some(size) = self.queue_size {
            within("queue_size", size.into(), 1, 10_000)?;
        }
        let classes = Class::checked(classes, Manner::Told)?;
        let rhythm = |(index, class): (usize, &Class)| {
            let why = "must be at least twice interval_ms, which is how often the server tells anything at all; 0 is never";
            if class.stale_after.is_some_and(|stale| stale < class.interval * 2) {
                return Err((format!("classes[{index}].stale_after_ms"), Problem::Protocol(why.into())));
            }
            Ok(Rhythm::of(class, self.sampling_interval_ms.map(Duration::from_millis), self.queue_size))
        };
        classes.iter().enumerate().map(rhythm).collect()
    }
}

fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("opc.tcp://") else { return false };
    let place = rest.split('/').next().unwrap_or_default();
    let (host, port) = place.rsplit_once(':').unwrap_or((place, "4840"));
    !host.is_empty() && !text.contains(char::is_whitespace) && text.len() <= 1_000 && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn slot(config: &PointConfig, class: usize) -> Result<Slot, (&'static str, String)> {
    let address: Address = config.address.parse().map_err(|why| ("address", format!("cannot be used: {why}")))?;
    let kind = config.kind.as_deref().map(str::parse).transpose().map_err(|why| ("type", format!("cannot be used: {why}")))?;
    Ok(Slot { address, kind, class })
}

impl Slot {
    fn place(&self) -> Place {
        let why = || format!("{} is one element of an array and cannot be written", self.address);
        Place { canonical: self.address.to_string(), unit: 1, writable: if self.address.index.is_none() { Ok(()) } else { Err(why()) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: serde_json::Value) -> OpcUaConfig {
        let mut all = serde_json::json!({ "address": "opc.tcp://127.0.0.1:4840" });
        all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }
    fn refused(settings: serde_json::Value) -> String {
        let points = [PointConfig::at("p/a".parse().unwrap(), "ns=2;s=A")];
        match config(settings).checked(&points, &[PollClass::every(1_000)]) {
            Ok(_) => panic!("it is taken"),
            Err((key, problem)) => format!("{key} {problem}"),
        }
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_key() {
        use serde_json::json;
        assert!(refused(json!({ "address": "192.168.0.10:4840" })).starts_with("address must be opc.tcp://"));
        assert!(refused(json!({ "address": "opc.tcp://:4840" })).starts_with("address"));
        assert!(refused(json!({ "security_mode": "sign" })).starts_with("security_mode needs a security_policy"));
        assert!(refused(json!({ "user": "a" })).starts_with("user needs user and password_file"));
        assert!(refused(json!({ "user": "a", "password_file": "b" })).starts_with("security_policy must be set"));
        assert!(refused(json!({ "queue_size": 0 })).starts_with("queue_size"));
    }

    #[test]
    fn a_class_that_is_stale_before_anything_can_be_told_is_refused() {
        let class = PollClass { stale_after_ms: Some(1_500), ..PollClass::every(1_000) };
        let points = [PointConfig::at("p/a".parse().unwrap(), "ns=2;s=A")];
        let (key, _) = config(serde_json::json!({})).checked(&points, &[class]).err().unwrap();
        assert_eq!(key, "classes[0].stale_after_ms");
    }
}
