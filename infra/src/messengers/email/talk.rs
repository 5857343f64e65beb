//! One conversation with a mail server, step by step, so that it is known how far it came when it broke.
//!
//! Until the server has asked for the text, nothing was sent. After the text is out and before an answer came, nobody knows.

use super::{EmailSettings, Tls, letter::Letter};
use crate::{messengers::draft, outward::cleaned, secret::Secret};
use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, TlsParameters},
    commands::{Data, Mail, Rcpt},
    extension::{ClientId, Extension, MailParameter},
};
use millwright_domain::ports::messenger::NotTaken;
use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{net::lookup_host, time::timeout};

/// Servers look through a mail before they say yes to it; ten minutes are allowed, but nobody waits that long here.
const TEXT_TAKEN_WITHIN: Duration = Duration::from_secs(120);

pub struct Line<'a> {
    pub settings: &'a EmailSettings,
    /// `None` in the clear.
    pub trust: Option<&'a TlsParameters>,
    pub password: Option<Secret>,
    /// Whose address does not belong on the log.
    pub to: String,
}

/// What went wrong in a step: what the server said, or that it said nothing.
enum Broken {
    Said(Error),
    Nothing,
}

impl Line<'_> {
    pub async fn deliver(&self, letter: &Letter) -> Result<(), NotTaken> {
        let mut server = self.connected().await?;
        let delivered = self.hand_over(&mut server, letter).await;
        // Politeness. What was taken stays taken without it.
        drop(self.within(server.quit()).await);
        delivered
    }

    async fn connected(&self) -> Result<AsyncSmtpConnection, NotTaken> {
        let addresses = self.addresses().await?;
        let patience = Some(self.patience());
        let at_once = self.trust.filter(|_| self.settings.tls == Tls::Tls).cloned();
        let hello = ClientId::default();
        let connecting = AsyncSmtpConnection::connect_tokio1(&addresses[..], patience, &hello, at_once, None);
        let mut server = self.within(connecting).await.map_err(|broken| self.not_reached(broken))?;
        if let (Tls::Starttls, Some(trust)) = (self.settings.tls, self.trust) {
            self.within(server.starttls(trust.clone(), &hello)).await.map_err(|broken| self.not_reached(broken))?;
        }
        if let Some(password) = &self.password {
            let credentials = Credentials::new(self.settings.username.clone(), password.expose().to_string());
            let login = self.within(server.auth(&[Mechanism::Plain, Mechanism::Login], &credentials)).await;
            if let Err(broken) = login {
                return Err(match code(&broken) {
                    Some(400..=499) | None => NotTaken::ForNow(self.words(broken)),
                    _ => NotTaken::Away(format!("{}; mend messages.email.username and its password", self.words(broken))),
                });
            }
        }
        Ok(server)
    }

    async fn hand_over(&self, server: &mut AsyncSmtpConnection, letter: &Letter) -> Result<(), NotTaken> {
        let needs_utf8 = [&letter.from, &letter.to].iter().any(|address| !address.to_string().is_ascii());
        let takes_utf8 = server.server_info().supports_feature(Extension::SmtpUtfEight);
        if needs_utf8 && !takes_utf8 {
            return Err(NotTaken::ForGood(format!("{} takes no addresses with letters like ä; enrol another", self.place())));
        }
        let options = if needs_utf8 { vec![MailParameter::SmtpUtfEight] } else { vec![] };
        self.within(server.command(Mail::new(Some(letter.from.clone()), options))).await.map_err(|broken| self.refused(broken))?;
        self.within(server.command(Rcpt::new(letter.to.clone(), vec![]))).await.map_err(|broken| self.refused(broken))?;
        self.within(server.command(Data)).await.map_err(|broken| self.refused(broken))?;
        let taken = timeout(self.patience().max(TEXT_TAKEN_WITHIN), server.message(&letter.bytes)).await;
        let broken = match taken {
            Ok(Ok(_taken)) => return Ok(()),
            Ok(Err(said)) => Broken::Said(said),
            Err(_elapsed) => Broken::Nothing,
        };
        match code(&broken) {
            Some(_) => Err(self.refused(broken)),
            None => Err(NotTaken::Unknown(format!("the mail was sent and not answered for: {}", self.words(broken)))),
        }
    }

    /// In the clear only to where nobody of the internet listens.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, NotTaken> {
        let usual = match self.settings.tls {
            Tls::Starttls => 587,
            Tls::Tls => 465,
            Tls::None => 25,
        };
        let port = if self.settings.port == 0 { usual } else { self.settings.port };
        let looked_up = timeout(self.patience(), lookup_host((self.settings.host.as_str(), port))).await;
        let found: Vec<SocketAddr> = match looked_up {
            Ok(Ok(found)) => found.collect(),
            Ok(Err(cause)) => return Err(NotTaken::Away(format!("{} has no address: {}", self.place(), cleaned(&cause.to_string(), 200)))),
            Err(_elapsed) => return Err(NotTaken::Away(format!("{} has no address: nobody says which", self.place()))),
        };
        if self.settings.tls == Tls::None && !found.iter().all(|address| is_private(address.ip())) {
            let why =
                format!("{} is on the public internet, where nothing is sent in the clear; set messages.email.tls to \"starttls\"", self.place());
            return Err(NotTaken::Away(why));
        }
        Ok(found)
    }

    async fn within<T>(&self, step: impl Future<Output = Result<T, Error>>) -> Result<T, Broken> {
        match timeout(self.patience(), step).await {
            Ok(done) => done.map_err(Broken::Said),
            Err(_elapsed) => Err(Broken::Nothing),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.settings.timeout_s)
    }
    fn place(&self) -> String {
        format!("the mail server {}", self.settings.host)
    }

    /// Before anything was said about this mail.
    fn not_reached(&self, broken: Broken) -> NotTaken {
        match code(&broken) {
            Some(400..=499) => NotTaken::ForNow(self.words(broken)),
            _ => NotTaken::Away(self.words(broken)),
        }
    }

    /// About this mail, before its text was taken.
    fn refused(&self, broken: Broken) -> NotTaken {
        match code(&broken) {
            // It wants a login, or TLS, before it takes any mail.
            Some(530) => NotTaken::Away(format!("{}; set messages.email.username and messages.email.tls", self.words(broken))),
            Some(500..) => NotTaken::ForGood(self.words(broken)),
            _ => NotTaken::ForNow(self.words(broken)),
        }
    }

    fn words(&self, broken: Broken) -> String {
        let said = match broken {
            Broken::Said(error) => draft::in_words(&error),
            Broken::Nothing => format!("it did not answer within {} s", self.settings.timeout_s),
        };
        let secret = self.password.as_ref().map_or("", Secret::expose);
        let said = if secret.is_empty() { said } else { said.replace(secret, "…") };
        format!("{}: {}", self.place(), without(&said, &self.to))
    }
}

/// Servers like to repeat the address that they refuse, in letters of their own size.
fn without(said: &str, address: &str) -> String {
    let (lower, address) = (said.to_ascii_lowercase(), address.to_ascii_lowercase());
    let mut out = String::with_capacity(said.len());
    let mut from = 0;
    for (at, found) in lower.match_indices(address.as_str()).filter(|(_, found)| !found.is_empty()) {
        out.push_str(said.get(from..at).unwrap_or_default());
        out.push('…');
        from = at + found.len();
    }
    out + said.get(from..).unwrap_or_default()
}

/// What the server answered by, if it answered.
fn code(broken: &Broken) -> Option<u16> {
    match broken {
        Broken::Said(error) => error.status().map(u16::from),
        Broken::Nothing => None,
    }
}

/// This machine and the networks inside a plant.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_inside_are_private() {
        for (address, private) in [
            ("127.0.0.1", true),
            ("10.2.3.4", true),
            ("192.168.1.1", true),
            ("172.32.0.1", false),
            ("8.8.8.8", false),
            ("::1", true),
            ("fd00::1", true),
            ("2606:4700::1", false),
            ("::ffff:10.0.0.1", true),
            ("::ffff:8.8.8.8", false),
        ] {
            assert_eq!(is_private(address.parse().unwrap()), private, "{address}");
        }
    }
}
