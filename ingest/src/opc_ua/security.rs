//! Who we are to a server, and which servers we believe: our certificate and its key, the folder of trusted ones, the login.

use super::config::{SecurityMode, SecurityPolicy};
use opcua::{
    client::IdentityToken,
    crypto::{self, CertificateStore, X509Data},
    types::{EndpointDescription, MessageSecurityMode, UserTokenPolicy, UserTokenType},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, TryLockError},
};
use tracing::info;

/// How a server is reached, and as whom.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Server {
    pub url: String,
    pub security: Option<Security>,
    pub login: Login,
    pub pki: PathBuf,
    pub application_uri: String,
    pub trusts_at_first_sight: bool,
    pub pinned_is_enough: bool,
    pub session_timeout_ms: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Security {
    pub policy: SecurityPolicy,
    pub mode: SecurityMode,
}

/// Secrets stay in their files until they are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Login {
    Anonymous,
    Password { user: String, file: PathBuf },
    Certificate { certificate: PathBuf, key: PathBuf },
}

const STRONG: [crypto::SecurityPolicy; 3] =
    [crypto::SecurityPolicy::Basic256Sha256, crypto::SecurityPolicy::Aes128Sha256RsaOaep, crypto::SecurityPolicy::Aes256Sha256RsaPss];
/// Ours is good for so long; when it ends, the server lets nobody in.
const GOOD_FOR_DAYS: u32 = 3_650;
/// Making a key takes a while, and two devices may share a folder.
static MAKING: Mutex<()> = Mutex::new(());

impl Server {
    fn policy(&self) -> crypto::SecurityPolicy {
        match self.security.map(|security| security.policy) {
            None | Some(SecurityPolicy::None) => crypto::SecurityPolicy::None,
            Some(SecurityPolicy::Basic256Sha256) => crypto::SecurityPolicy::Basic256Sha256,
            Some(SecurityPolicy::Aes128Sha256RsaOaep) => crypto::SecurityPolicy::Aes128Sha256RsaOaep,
            Some(SecurityPolicy::Aes256Sha256RsaPss) => crypto::SecurityPolicy::Aes256Sha256RsaPss,
        }
    }
    fn mode(&self) -> MessageSecurityMode {
        match self.security.map(|security| security.mode) {
            None => MessageSecurityMode::None,
            Some(SecurityMode::Sign) => MessageSecurityMode::Sign,
            Some(SecurityMode::SignAndEncrypt) => MessageSecurityMode::SignAndEncrypt,
        }
    }

    /// The endpoint with the wanted security and one way to log in that is known to be safe. `Err` says what the server has instead.
    pub(super) fn chosen(&self, offered: Vec<EndpointDescription>) -> Result<EndpointDescription, String> {
        let (policy, mode) = (self.policy(), self.mode());
        let shown = |offer: &EndpointDescription| {
            let policy = offer.security_policy_uri.as_ref().rsplit('#').next().unwrap_or_default();
            format!("{policy} {:?}", offer.security_mode)
        };
        let names = offered.iter().map(shown).collect::<Vec<_>>().join(", ");
        let fits = |offer: &EndpointDescription| offer.security_policy_uri.as_ref() == policy.to_uri() && offer.security_mode == mode;
        let Some(mut endpoint) = offered.into_iter().find(fits) else {
            return Err(format!(
                "the server does not offer {policy} {mode:?}; it offers {names}; set security_policy and security_mode to one of these"
            ));
        };
        let kind = match self.login {
            Login::Anonymous => UserTokenType::Anonymous,
            Login::Password { .. } => UserTokenType::UserName,
            Login::Certificate { .. } => UserTokenType::Certificate,
        };
        let ways = endpoint.user_identity_tokens.take().unwrap_or_default();
        let Some(mut way) = ways.into_iter().find(|way| way.token_type == kind && self.keeps_secrets(way)) else {
            return Err(format!("the server does not let {} in here; set user and password_file as it wants them", self.login.shown()));
        };
        if kind == UserTokenType::Certificate && !STRONG.iter().any(|strong| strong.to_uri() == way.security_policy_uri.as_ref()) {
            // Where nothing else is said, the user signs as the connection does.
            way.security_policy_uri = policy.to_uri().into();
        }
        endpoint.user_identity_tokens = Some(vec![way]);
        endpoint.endpoint_url = self.url.as_str().into();
        if self.security.is_none() {
            // Nothing is checked against it, and some are not even readable.
            endpoint.server_certificate = Default::default();
        }
        Ok(endpoint)
    }

    /// A password is only sent encrypted: by the way's own policy, by that of the connection, or with everything else on it.
    fn keeps_secrets(&self, way: &UserTokenPolicy) -> bool {
        let own = way.security_policy_uri.as_ref();
        let is_encrypted = self.security.is_some_and(|security| security.mode == SecurityMode::SignAndEncrypt);
        match self.login {
            Login::Password { .. } if own == crypto::SecurityPolicy::None.to_uri() => is_encrypted,
            Login::Password { .. } if own.is_empty() => self.security.is_some(),
            Login::Password { .. } => STRONG.iter().any(|strong| strong.to_uri() == own),
            Login::Anonymous | Login::Certificate { .. } => true,
        }
    }

    /// Certificates as they are now on disk; ours is made if there is none. Takes a while: not for an async thread.
    pub(super) fn certificates(&self) -> Result<CertificateStore, String> {
        let mut store = CertificateStore::new(&self.pki);
        if self.security.is_some() {
            self.own_certificate(&store)?;
            store.ensure_pki_path()?;
        }
        store.set_trust_unknown_certs(self.trusts_at_first_sight);
        store.set_skip_verify_certs(self.pinned_is_enough);
        Ok(store)
    }

    fn own_certificate(&self, store: &CertificateStore) -> Result<(), String> {
        let (certificate, key) = (store.own_certificate_path(), store.own_private_key_path());
        let _making = match MAKING.try_lock() {
            Ok(making) => making,
            Err(TryLockError::Poisoned(making)) => making.into_inner(),
            Err(TryLockError::WouldBlock) => return Err("our certificate is being made, which takes some seconds".into()),
        };
        match (certificate.exists(), key.exists()) {
            (true, true) => return Ok(()),
            (false, false) => {}
            (false, true) => {
                return Err(format!("{} has lost its certificate {}; restore it, or remove the key", key.display(), certificate.display()));
            }
            (true, false) => {
                return Err(format!("{} has lost its key {}; restore it, or remove the certificate", certificate.display(), key.display()));
            }
        }
        self.make_certificate(&certificate, &key).map_err(|why| format!("could not make our certificate in {}: {why}", self.pki.display()))?;
        let shown = certificate.display();
        info!("made our OPC UA certificate {shown}; let the servers trust it");
        Ok(())
    }

    /// In a folder that only we can enter; moved to their places when both are there.
    fn make_certificate(&self, certificate: &Path, key: &Path) -> Result<(), String> {
        let io = |error: io::Error| error.to_string();
        let (own, private) = (certificate.parent().unwrap_or(Path::new(".")), key.parent().unwrap_or(Path::new(".")));
        fs::create_dir_all(own).map_err(io)?;
        fs::create_dir_all(private).map_err(io)?;
        only_ours(private, 0o700).map_err(io)?;
        let (new_certificate, new_key) = (private.join("new.der"), private.join("new.pem"));
        let name = || "Millwright".to_string();
        let described = X509Data {
            key_size: 2_048,
            common_name: name(),
            organization: name(),
            organizational_unit: String::new(),
            country: String::new(),
            state: String::new(),
            alt_host_names: X509Data::alt_host_names(&self.application_uri, None, true, true, false),
            certificate_duration_days: GOOD_FOR_DAYS,
        };
        CertificateStore::create_certificate_and_key(&described, true, &new_certificate, &new_key)?;
        only_ours(&new_key, 0o600).map_err(io)?;
        fs::rename(&new_key, key).map_err(io)?;
        fs::rename(&new_certificate, certificate).map_err(io)
    }

    /// Reads the secrets; not for an async thread.
    pub(super) fn identity(&self) -> Result<IdentityToken, String> {
        match &self.login {
            Login::Anonymous => Ok(IdentityToken::Anonymous),
            Login::Password { user, file } => {
                let password = fs::read_to_string(file).map_err(|why| format!("cannot read the password in {}: {why}", file.display()))?;
                Ok(IdentityToken::new_user_name(user, password.trim_end_matches(['\r', '\n'])))
            }
            Login::Certificate { certificate, key } => {
                let files = || format!("{} and {}", certificate.display(), key.display());
                IdentityToken::new_x509_path(certificate, key).map_err(|why| format!("cannot use {}: {why}", files()))
            }
        }
    }
}

impl Login {
    fn shown(&self) -> String {
        match self {
            Self::Anonymous => "anybody".into(),
            Self::Password { user, .. } => format!("{user} with a password"),
            Self::Certificate { .. } => "a user with a certificate".into(),
        }
    }
}

#[cfg(unix)]
fn only_ours(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}
#[cfg(not(unix))]
fn only_ours(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}
