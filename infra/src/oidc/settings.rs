//! Settings of identity providers, by the id that stands in their addresses, and what is refused before anything runs.

use crate::secret::SecretSource;
use millwright_domain::{access::Role, ids::SiteId};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// As people call it: `Sign in with <name>`.
    pub name: String,
    /// As it stands in the provider's discovery document, to the letter.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: SecretSource,
    /// Beside `openid`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// What a person is called on the page.
    #[serde(default = "name_claim")]
    pub name_claim: String,
    /// Roles that follow from claims, at each sign-in anew; none: roles are given here.
    #[serde(default)]
    pub grants: Vec<ClaimGrant>,
}

/// Whoever has this value in that claim has this role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimGrant {
    /// A name, or a path such as `realm_access.roles`.
    pub claim: String,
    pub value: String,
    pub role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
}

fn scopes() -> Vec<String> {
    vec!["profile".into()]
}
fn name_claim() -> String {
    "name".into()
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadOidc {
    #[error("access.oidc.{0}: an id is 1 to 30 small letters, digits and dashes; it stands in addresses")]
    Id(String),
    #[error("access.oidc.{0}.issuer must be an address that begins with https:// (or http:// on this machine) and has no query")]
    Issuer(String),
    #[error("access.oidc.{0} needs a name and a client_id")]
    Empty(String),
    #[error("access.oidc.{0}.scopes holds {1:?}; a scope is one word")]
    Scope(String, String),
    #[error("access.oidc.{0}.grants: an area is one of a site; say which")]
    AreaWithoutSite(String),
    #[error("http.public_url must be the address that browsers reach the page by, such as https://millwright.plant.example")]
    PublicUrl,
}

impl OidcSettings {
    pub fn check(&self, id: &str) -> Result<(), BadOidc> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=30).contains(&id.len()) || !id.bytes().all(is_plain) {
            return Err(BadOidc::Id(id.chars().take(40).collect()));
        }
        let id = id.to_string();
        if !Url::parse(&self.issuer).is_ok_and(|issuer| is_safe(&issuer) && issuer.query().is_none() && issuer.fragment().is_none()) {
            return Err(BadOidc::Issuer(id));
        }
        if self.name.trim().is_empty() || self.client_id.trim().is_empty() {
            return Err(BadOidc::Empty(id));
        }
        let is_word = |scope: &String| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte));
        if let Some(odd) = self.scopes.iter().find(|scope| !is_word(scope)) {
            return Err(BadOidc::Scope(id, odd.chars().take(40).collect()));
        }
        if self.grants.iter().any(|grant| grant.area.is_some() && grant.site.is_none()) {
            return Err(BadOidc::AreaWithoutSite(id));
        }
        Ok(())
    }
}

/// Where browsers reach the page: scheme, name and port, without a slash at the end.
pub fn public_address(text: &str) -> Result<String, BadOidc> {
    let url = Url::parse(text).map_err(|_no_address| BadOidc::PublicUrl)?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if is_safe(&url) && is_bare { Ok(url.as_str().trim_end_matches('/').to_string()) } else { Err(BadOidc::PublicUrl) }
}

/// Nobody can listen on the way, or there is none.
pub fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.host_str().is_some(),
        "http" => url.host_str().is_some_and(is_loopback),
        _ => false,
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(issuer: &str) -> OidcSettings {
        OidcSettings {
            name: "Works account".into(),
            issuer: issuer.into(),
            client_id: "millwright".into(),
            client_secret: "env:OIDC".parse().unwrap(),
            scopes: scopes(),
            name_claim: name_claim(),
            grants: vec![],
        }
    }

    #[test]
    fn an_issuer_is_reached_safely_or_not_at_all() {
        for good in ["https://login.example/realms/plant", "http://127.0.0.1:8080/", "http://localhost:9", "http://[::1]:9"] {
            assert_eq!(settings(good).check("works"), Ok(()), "{good}");
        }
        for bad in ["http://login.example", "login.example", "https://login.example?x=1", "ftp://127.0.0.1", "http://127.0.0.1.example"] {
            assert_eq!(settings(bad).check("works"), Err(BadOidc::Issuer("works".into())), "{bad}");
        }
    }

    #[test]
    fn what_would_not_work_is_refused_by_its_setting() {
        let good = settings("https://login.example");
        assert!(good.check("Works/../x").unwrap_err().to_string().contains("stands in addresses"));
        let odd = OidcSettings { scopes: vec!["two words".into()], ..good.clone() };
        assert!(odd.check("works").unwrap_err().to_string().contains("works.scopes"));
        let grant = ClaimGrant { claim: "groups".into(), value: "x".into(), role: Role::Viewer, site: None, area: Some("pumps".into()) };
        assert!(OidcSettings { grants: vec![grant], ..good }.check("works").unwrap_err().to_string().contains("say which"));
    }

    #[test]
    fn a_public_address_is_bare() {
        assert_eq!(public_address("https://millwright.plant.example:8443/").as_deref(), Ok("https://millwright.plant.example:8443"));
        for bad in ["", "http://millwright.plant.example", "https://a.example/under", "https://u@a.example", "https://a.example/?x"] {
            assert_eq!(public_address(bad), Err(BadOidc::PublicUrl), "{bad}");
        }
    }
}
