//! Which addresses may be reached: the public internet, and what the settings allow beside it. Asked when connecting, after the name is known.

use ipnet::IpNet;
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("outward.allow has {0:?}; write a host's name, an address, or a network such as `10.1.0.0/16`")]
pub struct BadAllowance(String);

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    #[error("{0} is not on the public internet; add it to outward.allow if it shall be reached")]
    Address(String),
    #[error("{0} has no address")]
    NoAddress(String),
    #[error("only http: and https: are spoken")]
    Scheme,
}

#[derive(Debug, Default)]
pub struct Gate(Arc<Allowed>);

#[derive(Debug, Default)]
struct Allowed {
    hosts: BTreeSet<String>,
    networks: Vec<IpNet>,
}

impl Gate {
    pub fn new(allow: &[String]) -> Result<Self, BadAllowance> {
        let mut allowed = Allowed::default();
        for entry in allow {
            let entry = entry.trim();
            if let Ok(network) = entry.parse::<IpNet>().or_else(|_no_network| entry.parse::<IpAddr>().map(IpNet::from)) {
                allowed.networks.push(network);
            } else if is_name(entry) {
                allowed.hosts.insert(plain(entry));
            } else {
                return Err(BadAllowance(entry.chars().take(80).collect()));
            }
        }
        Ok(Self(Arc::new(allowed)))
    }

    /// What the address in a URL says by itself. A name is looked at again, with its addresses, when connecting.
    pub fn may_reach(&self, url: &Url) -> Result<(), Refused> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refused::Scheme);
        }
        let host = url.host_str().unwrap_or_default();
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) if !self.0.takes(address) => Err(Refused::Address(address.to_string())),
            _ => Ok(()),
        }
    }
}

/// The addresses that are connected to are the ones that were looked at: a name that changes in between changes nothing.
impl Resolve for Gate {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let fit = allowed.fit(name.as_str(), found)?;
            Ok(Box::new(fit.into_iter()) as Addrs)
        })
    }
}

impl Allowed {
    fn takes(&self, address: IpAddr) -> bool {
        is_public(address) || self.networks.iter().any(|network| network.contains(&address))
    }

    fn fit(&self, name: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        let Some(first) = found.first().copied() else { return Err(Refused::NoAddress(name.into())) };
        if self.hosts.contains(&plain(name)) {
            return Ok(found);
        }
        let fit: Vec<SocketAddr> = found.into_iter().filter(|address| self.takes(address.ip())).collect();
        if fit.is_empty() { Err(Refused::Address(format!("{name} ({})", first.ip()))) } else { Ok(fit) }
    }
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn is_name(entry: &str) -> bool {
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    // What looks like numbers was meant to be an address, and is none.
    plain(entry).split('.').all(is_label) && entry.contains(|c: char| c.is_ascii_alphabetic())
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        [0, ..] => true,
        // Carrier-grade NAT.
        [100, second, ..] => second & 0xc0 == 64,
        // Of protocols, among them what NAT64 finds itself by; and the old relay of 6to4.
        [192, 0, 0, _] | [192, 88, 99, _] => true,
        // For measuring equipment.
        [198, 18 | 19, ..] => true,
        // Reserved, and the broadcast.
        [240..=255, ..] => true,
        _ => false,
    };
    !special && !address.is_loopback() && !address.is_private() && !address.is_link_local() && !address.is_multicast() && !address.is_documentation()
}

/// Only 2000::/3 is given out. In there and outside of it are forms that carry an IPv4 address, which a gateway may take to anywhere.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let global = address.segments()[0] & 0xe000 == 0x2000;
    let special = match address.segments() {
        // Teredo and others of 2001::/23, documentation, 6to4.
        [0x2001, second, ..] => second < 0x200 || second == 0xdb8,
        [0x2002, ..] => true,
        [0x3fff, second, ..] => second < 0x1000,
        _ => false,
    };
    global && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(allow: &[&str]) -> Gate {
        Gate::new(&allow.iter().map(|entry| entry.to_string()).collect::<Vec<_>>()).unwrap()
    }
    fn url(host: &str) -> Url {
        Url::parse(&format!("https://{host}/x")).unwrap()
    }

    #[test]
    fn what_is_not_on_the_public_internet_is_refused() {
        let inside = [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.0.170",
            "192.0.2.1",
            "198.18.0.1",
            "[::]",
            "[::1]",
            "[::ffff:8.8.8.8]",
            "[::ffff:127.0.0.1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b::808:808]",
            "[64:ff9b:1::1]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd12::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[2001:db8::1]",
            "[2001::1]",
            "[2002:7f00:1::]",
            "[100::1]",
        ];
        for host in inside {
            assert!(matches!(gate(&[]).may_reach(&url(host)), Err(Refused::Address(_))), "{host}");
        }
        for host in ["8.8.8.8", "100.63.0.1", "100.128.0.1", "172.32.0.1", "[2606:4700::1]", "[2a00:1450::1]", "example.com"] {
            assert_eq!(gate(&[]).may_reach(&url(host)), Ok(()), "{host}");
        }
    }

    #[test]
    fn what_is_allowed_is_reached_and_its_neighbours_are_not() {
        let gate = gate(&["127.0.0.1", "10.1.0.0/16", "fd00::/8", "Plant.Local."]);
        for (host, reached) in
            [("127.0.0.1", true), ("127.0.0.2", false), ("10.1.2.3", true), ("10.2.0.1", false), ("[fd00::1]", true), ("[::1]", false)]
        {
            assert_eq!(gate.may_reach(&url(host)).is_ok(), reached, "{host}");
        }
        let at = |address: &str| SocketAddr::new(address.parse().unwrap(), 0);
        assert_eq!(gate.0.fit("plant.local", vec![at("10.9.9.9")]), Ok(vec![at("10.9.9.9")]));
        assert_eq!(gate.0.fit("rebinds.example", vec![at("10.9.9.9"), at("8.8.8.8")]), Ok(vec![at("8.8.8.8")]));
        assert!(matches!(gate.0.fit("rebinds.example", vec![at("169.254.169.254")]), Err(Refused::Address(_))));
        assert!(matches!(gate.0.fit("empty.example", vec![]), Err(Refused::NoAddress(_))));
    }

    #[test]
    fn only_http_is_spoken_and_an_allowance_that_is_none_is_refused() {
        assert_eq!(gate(&[]).may_reach(&Url::parse("ftp://8.8.8.8/").unwrap()), Err(Refused::Scheme));
        assert_eq!(gate(&[]).may_reach(&Url::parse("file:///etc/passwd").unwrap()), Err(Refused::Scheme));
        for bad in ["10.1.0.0/99", "300.1.1.1", "", "a b", "http://x"] {
            assert!(Gate::new(&[bad.to_string()]).is_err(), "{bad}");
        }
    }
}
