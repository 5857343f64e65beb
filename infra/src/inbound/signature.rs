//! Signatures over raw bytes: HMAC as GitHub, Meta and Trello send it, Standard Webhooks both ways, and plain secrets. All in constant time.

use crate::{outward::cleaned, secret::Secret};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{
    Hmac, Mac,
    digest::{KeyInit, Output},
};
use millwright_domain::{
    Timestamp,
    ports::inbound::{Knock, KnockRefused},
};
use sha1::Sha1;
use sha2::Sha256;
use thiserror::Error;

/// Standard Webhooks: an older or a newer one is not taken, so that nobody can send it again later.
const TOLERANCE_S: i64 = 300;
/// A signature list with more is not read to its end.
const MOST_SIGNATURES: usize = 16;
const LONGEST_ID: usize = 256;
/// By the specification a key has 24 to 64 bytes. Longer ones do no harm.
const SHORTEST_KEY: usize = 24;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadKey {
    #[error(
        "a secret of Standard Webhooks is `whsec_` and the base64 of at least {SHORTEST_KEY} random bytes, as `openssl rand -base64 32` makes them"
    )]
    Form,
    #[error("there is no secret to sign with")]
    None,
}

/// What a signed request carries in its header fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub id: String,
    pub timestamp: String,
    pub signature: String,
}

impl Signed {
    pub const ID: &str = "webhook-id";
    pub const TIMESTAMP: &str = "webhook-timestamp";
    pub const SIGNATURE: &str = "webhook-signature";

    pub fn headers(&self) -> [(&'static str, &str); 3] {
        [(Self::ID, &self.id), (Self::TIMESTAMP, &self.timestamp), (Self::SIGNATURE, &self.signature)]
    }
}

/// Signs under each secret, so that the receiver may know the old or the new one while they are changed.
pub fn sign(secrets: &[Secret], id: &str, at: Timestamp, body: &[u8]) -> Result<Signed, BadKey> {
    let timestamp = at.micros().div_euclid(1_000_000).to_string();
    let mut signatures = Vec::new();
    for key in keys(secrets)? {
        let made = made::<Hmac<Sha256>>(&key, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body]);
        signatures.extend(made.map(|made| format!("v1,{}", BASE64_STANDARD.encode(made))));
    }
    if signatures.is_empty() {
        return Err(BadKey::None);
    }
    Ok(Signed { id: id.to_string(), timestamp, signature: signatures.join(" ") })
}

/// The request's id, if one of the secrets signed it, and not long ago.
pub fn signed_id<'a>(knock: &'a Knock, secrets: &[Secret], now: Timestamp) -> Result<&'a str, KnockRefused> {
    let field = |name| header(knock, name).ok_or(KnockRefused::BadSignature);
    let (id, timestamp, signatures) = (field(Signed::ID)?, field(Signed::TIMESTAMP)?, field(Signed::SIGNATURE)?);
    // Id, time and body are signed with dots between. An id with a brace could hold the beginning of a body.
    let is_id = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:/+=@~-".contains(&b));
    if !is_id {
        return Err(KnockRefused::BadSignature);
    }
    let keys = keys(secrets).map_err(|bad| KnockRefused::CannotVerify(bad.to_string()))?;
    let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &knock.body];
    let mut is_signed = false;
    for signature in signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,")).take(MOST_SIGNATURES) {
        let given = BASE64_STANDARD.decode(signature).unwrap_or_default();
        is_signed |= any_made::<Hmac<Sha256>>(keys.iter().map(Vec::as_slice), &parts, &given);
    }
    if !is_signed {
        return Err(KnockRefused::BadSignature);
    }
    let sent: i64 = timestamp.parse().map_err(|_no_number| KnockRefused::BadSignature)?;
    let age = now.micros().div_euclid(1_000_000).saturating_sub(sent);
    if age.saturating_abs() > TOLERANCE_S {
        return Err(KnockRefused::Stale(format!("{age} s")));
    }
    Ok(id)
}

/// Whether one of the secrets made this HMAC-SHA256, in hexadecimal digits.
pub fn is_sha256_hex(secrets: &[Secret], parts: &[&[u8]], given: &str) -> bool {
    any_made::<Hmac<Sha256>>(bytes_of(secrets), parts, &hex::decode(given).unwrap_or_default())
}

/// Whether one of the secrets made this HMAC-SHA1, in base64.
pub fn is_sha1_base64(secrets: &[Secret], parts: &[&[u8]], given: &str) -> bool {
    any_made::<Hmac<Sha1>>(bytes_of(secrets), parts, &BASE64_STANDARD.decode(given).unwrap_or_default())
}

/// Whether it is one of the secrets itself. Digests are compared, so that not even its length is told.
pub fn is_one_of(secrets: &[Secret], given: &str) -> bool {
    const KEY: &[u8] = b"millwright compares";
    let given = made::<Hmac<Sha256>>(KEY, &[given.as_bytes()]).unwrap_or_default();
    secrets.iter().fold(false, |found, secret| found | any_made::<Hmac<Sha256>>([KEY], &[secret.expose().as_bytes()], &given))
}

/// `Authorization: Bearer <secret>`, or the secret as the password of any user.
pub fn is_authorized(secrets: &[Secret], knock: &Knock) -> bool {
    let Some((scheme, credentials)) = header(knock, "authorization").and_then(|value| value.split_once(' ')) else { return false };
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return is_one_of(secrets, credentials);
    }
    let decoded = BASE64_STANDARD.decode(credentials).unwrap_or_default();
    match std::str::from_utf8(&decoded).ok().and_then(|pair| pair.split_once(':')) {
        Some((_user, password)) if scheme.eq_ignore_ascii_case("basic") => is_one_of(secrets, password),
        _ => false,
    }
}

pub fn header<'a>(knock: &'a Knock, name: &str) -> Option<&'a str> {
    knock.headers.get(name).map(|value| value.trim())
}

fn keys(secrets: &[Secret]) -> Result<Vec<Vec<u8>>, BadKey> {
    let key = |secret: &Secret| {
        let key = BASE64_STANDARD.decode(secret.expose().strip_prefix("whsec_").ok_or(BadKey::Form)?).map_err(|_no_base64| BadKey::Form)?;
        if key.len() < SHORTEST_KEY { Err(BadKey::Form) } else { Ok(key) }
    };
    secrets.iter().map(key).collect()
}

fn bytes_of(secrets: &[Secret]) -> impl Iterator<Item = &[u8]> {
    secrets.iter().map(|secret| secret.expose().as_bytes())
}

/// `None` never comes: HMAC takes keys of every length.
fn begun<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Option<M> {
    let mut mac = <M as Mac>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac)
}

fn made<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Option<Output<M>> {
    begun::<M>(key, parts).map(|mac| mac.finalize().into_bytes())
}

/// All are tried whatever comes out, so that the time does not tell which one it was.
fn any_made<'a, M: Mac + KeyInit>(keys: impl IntoIterator<Item = &'a [u8]>, parts: &[&[u8]], given: &[u8]) -> bool {
    keys.into_iter().fold(false, |found, key| found | begun::<M>(key, parts).is_some_and(|mac| mac.verify_slice(given).is_ok()))
}

/// Why a secret cannot be read, for [`KnockRefused::CannotVerify`].
pub fn cannot_verify(error: &crate::secret::SecretError) -> KnockRefused {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    KnockRefused::CannotVerify(cleaned(&format!("{error}{cause}"), 300))
}

#[cfg(test)]
mod tests;
