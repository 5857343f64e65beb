//! Settings of who is let in, and by which names and certificate the page is served.

use super::Settings;
use anyhow::{Context, Result, bail};
use millwright_infra::oidc::{OidcSettings, public_address};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Loopback only, unless people sign in.
    pub listen: SocketAddr,
    /// Names that people call the page by, beside this machine's own.
    pub names: Vec<String>,
    /// PEM files, read again when they change.
    pub tls_certificate: PathBuf,
    pub tls_key: PathBuf,
    /// A proxy of yours stands before it and speaks TLS.
    pub behind_proxy: bool,
    /// Where browsers reach the page, as they show it.
    pub public_url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Whoever reaches the page from this machine is the one operator.
    Local,
    /// People sign in, programs show tokens.
    SignIn,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    pub mode: Mode,
    /// From a sign-in until the next.
    pub session_hours: u32,
    /// Identity providers, by the id that stands in their addresses.
    pub oidc: BTreeMap<String, OidcSettings>,
}

impl Default for Http {
    fn default() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 7410));
        Self { listen, names: vec![], tls_certificate: PathBuf::new(), tls_key: PathBuf::new(), behind_proxy: false, public_url: String::new() }
    }
}
impl Default for Access {
    fn default() -> Self {
        Self { mode: Mode::Local, session_hours: 12, oidc: BTreeMap::new() }
    }
}

impl Http {
    pub fn tls(&self) -> Option<[&PathBuf; 2]> {
        (!self.tls_certificate.as_os_str().is_empty()).then_some([&self.tls_certificate, &self.tls_key])
    }

    /// The name on its certificate that it is called by from here.
    pub fn name(&self) -> &str {
        self.names.first().map_or("localhost", String::as_str)
    }

    /// Where the page is, served at that address.
    pub fn url(&self, at: SocketAddr) -> String {
        if self.tls().is_some() { format!("https://{}:{}", self.name(), at.port()) } else { format!("http://{at}") }
    }

    /// Whether browsers reach it over TLS.
    pub fn is_secure(&self) -> bool {
        self.tls().is_some() || self.behind_proxy
    }
}

/// Nobody is exposed by accident.
pub(super) fn checked(settings: &Settings) -> Result<()> {
    let (http, access) = (&settings.http, &settings.access);
    let signs_in = access.mode == Mode::SignIn;
    if !http.listen.ip().is_loopback() && !signs_in {
        bail!("http.listen is {}, which others can reach; with `access.mode = \"local\"` it must be a loopback address", http.listen);
    }
    if !signs_in && (http.behind_proxy || !http.names.is_empty()) {
        bail!("http.names and http.behind_proxy let others in; that takes `access.mode = \"sign-in\"`");
    }
    if !http.listen.ip().is_loopback() && !http.is_secure() {
        bail!("passwords would travel in the clear: set http.tls_certificate and http.tls_key, or http.behind_proxy where a proxy speaks TLS");
    }
    if http.tls_certificate.as_os_str().is_empty() != http.tls_key.as_os_str().is_empty() {
        bail!("http.tls_certificate and http.tls_key go together");
    }
    if !(1..=24 * 90).contains(&access.session_hours) {
        bail!("access.session_hours is a number from 1 to {}", 24 * 90);
    }
    providers_checked(http, access)?;
    if let Some(odd) = http.names.iter().find(|name| !is_host(name)) {
        bail!("http.names holds {odd:?}; a name is like `millwright.plant.example`, without scheme and port");
    }
    Ok(())
}

/// They send browsers back to the one address that is set here, never to one that a request names.
fn providers_checked(http: &Http, access: &Access) -> Result<()> {
    for (id, provider) in &access.oidc {
        provider.check(id)?;
    }
    if access.oidc.is_empty() {
        return Ok(());
    }
    if access.mode != Mode::SignIn {
        bail!("access.oidc lets people sign in; that takes `access.mode = \"sign-in\"`");
    }
    let public = public_address(&http.public_url).context("access.oidc takes http.public_url, which providers send browsers back to")?;
    let name = public.split("://").nth(1).and_then(|rest| rest.split(':').next()).unwrap_or_default();
    let is_ours = name == "localhost" || name.starts_with("127.") || public.contains("://[") || http.names.iter().any(|known| known == name);
    if !is_ours {
        bail!("http.public_url is called {name}, and http.names does not hold that; add it there");
    }
    Ok(())
}

fn is_host(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Settings)) -> Option<String> {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.checked().err().map(|error| error.to_string())
    }

    #[test]
    fn what_others_can_reach_takes_sign_in_and_tls() {
        let everywhere: SocketAddr = "0.0.0.0:7410".parse().unwrap();
        assert!(refused(|settings| settings.http.listen = everywhere).unwrap().contains("loopback"));
        let open = |settings: &mut Settings| (settings.http.listen, settings.access.mode) = (everywhere, Mode::SignIn);
        assert!(refused(open).unwrap().contains("in the clear"));
        assert_eq!(
            refused(|settings| {
                open(settings);
                settings.http.behind_proxy = true;
            }),
            None
        );
        assert!(refused(|settings| settings.http.names = vec!["plant.example".into()]).unwrap().contains("sign-in"));
        assert!(refused(|settings| settings.http.tls_key = "key.pem".into()).unwrap().contains("together"));
    }

    #[test]
    fn a_provider_takes_sign_in_and_a_public_address_that_is_ours() {
        let works: OidcSettings = toml::from_str(
            "name = 'Works'\nissuer = 'https://login.example'\nclient_id = 'millwright'\nclient_secret = 'env:X'\n\
             grants = [{ claim = 'groups', value = 'leads', role = 'operator', site = 'north' }]",
        )
        .unwrap();
        let with = |mode: Mode, public_url: &str, names: &[&str]| {
            refused(|settings| {
                settings.access.mode = mode;
                settings.access.oidc.insert("works".into(), works.clone());
                settings.http.public_url = public_url.into();
                settings.http.names = names.iter().map(|name| name.to_string()).collect();
            })
        };
        assert_eq!(with(Mode::SignIn, "https://plant.example", &["plant.example"]), None);
        assert_eq!(with(Mode::SignIn, "http://127.0.0.1:7410", &[]), None);
        assert!(with(Mode::Local, "http://127.0.0.1:7410", &[]).unwrap().contains("sign-in"));
        assert!(with(Mode::SignIn, "", &[]).unwrap().contains("http.public_url"));
        assert!(with(Mode::SignIn, "https://other.example", &["plant.example"]).unwrap().contains("http.names"));
    }

    #[test]
    fn a_name_is_no_address_and_no_url() {
        let named = |name: &str| {
            refused(|settings| {
                settings.access.mode = Mode::SignIn;
                settings.http.names = vec![name.into()];
            })
        };
        assert_eq!(named("millwright.plant.example"), None);
        assert!(named("https://millwright.plant.example").is_some() && named("plant.example:443").is_some() && named("").is_some());
    }
}
