//! The provider's keys: real ones of each kind that providers sign with, and the tokens that come of them, good or bad.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};
use sha2::Sha256;
use std::{
    io,
    process::{Command, Stdio},
};

/// What a provider signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signs {
    Rs256,
    Es256,
    EdDsa,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

pub(super) struct Key {
    pub id: String,
    pair: Pair,
}

fn odd(what: &str) -> io::Error {
    io::Error::other(what.to_string())
}

pub(super) fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Key {
    pub fn make(signs: Signs, id: &str) -> io::Result<Self> {
        let chance = SystemRandom::new();
        let pair = match signs {
            Signs::Rs256 => {
                let made = rsa()?;
                // Some builds of openssl write the key itself, others its wrapping.
                let pair = RsaKeyPair::from_pkcs8(&made).or_else(|_wrapped| RsaKeyPair::from_der(&made));
                Pair::Rsa(pair.map_err(|_rejected| odd("no RSA key"))?)
            }
            Signs::Es256 => {
                let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &chance).map_err(|_failed| odd("no EC key"))?;
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &chance);
                Pair::Ecdsa(pair.map_err(|_rejected| odd("no EC key"))?)
            }
            Signs::EdDsa => {
                let made = Ed25519KeyPair::generate_pkcs8(&chance).map_err(|_failed| odd("no Ed25519 key"))?;
                Pair::Ed(Ed25519KeyPair::from_pkcs8(made.as_ref()).map_err(|_rejected| odd("no Ed25519 key"))?)
            }
        };
        Ok(Self { id: id.into(), pair })
    }

    fn algorithm(&self) -> &'static str {
        match &self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ecdsa(_) => "ES256",
            Pair::Ed(_) => "EdDSA",
        }
    }

    /// As it stands in the list of keys.
    pub fn public(&self) -> Value {
        let mut key = match &self.pair {
            Pair::Rsa(pair) => {
                let parts = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({ "kty": "RSA", "n": text(parts.n), "e": text(parts.e) })
            }
            Pair::Ecdsa(pair) => {
                // One byte that says how the point is written, then its two halves.
                let point = &pair.public_key().as_ref()[1..];
                json!({ "kty": "EC", "crv": "P-256", "x": text(&point[..32]), "y": text(&point[32..]) })
            }
            Pair::Ed(pair) => json!({ "kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref()) }),
        };
        for (name, value) in [("use", "sig"), ("kid", self.id.as_str()), ("alg", self.algorithm())] {
            key[name] = value.into();
        }
        key
    }

    pub fn token(&self, claims: &Value) -> io::Result<String> {
        let signed = self.unsigned(self.algorithm(), claims);
        let chance = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &chance, signed.as_bytes(), &mut signature).map_err(|_failed| odd("not signed"))?;
                signature
            }
            Pair::Ecdsa(pair) => pair.sign(&chance, signed.as_bytes()).map_err(|_failed| odd("not signed"))?.as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
        };
        Ok(format!("{signed}.{}", text(signature)))
    }

    fn unsigned(&self, algorithm: &str, claims: &Value) -> String {
        let head = json!({ "alg": algorithm, "kid": self.id, "typ": "JWT" });
        format!("{}.{}", text(head.to_string()), text(claims.to_string()))
    }

    /// `alg: none`.
    pub fn token_of_nobody(&self, claims: &Value) -> String {
        format!("{}.", self.unsigned("none", claims))
    }

    /// Signed with what client and provider both know.
    pub fn token_by_secret(&self, claims: &Value, secret: &str) -> String {
        let signed = self.unsigned("HS256", claims);
        // A key of any length will do for it.
        let signature = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map(|mut mac| {
            mac.update(signed.as_bytes());
            mac.finalize().into_bytes().to_vec()
        });
        format!("{signed}.{}", text(signature.unwrap_or_default()))
    }
}

/// Nothing here makes RSA keys, and none should lie in a repository.
fn rsa() -> io::Result<Vec<u8>> {
    let mut openssl = Command::new("openssl");
    openssl.args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER"]).stderr(Stdio::null());
    let made = openssl.output()?;
    if made.status.success() { Ok(made.stdout) } else { Err(odd("openssl made no RSA key")) }
}
