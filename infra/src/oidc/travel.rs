//! What a browser keeps while it is at an identity provider: sealed, so that it cannot be made up, and good once and for ten minutes.

use aes_gcm::{
    Aes256Gcm, Key, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use millwright_domain::Timestamp;
use rand::RngCore;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

pub const GOOD_FOR: TimeDelta = TimeDelta::minutes(10);
const NONCE: usize = 12;
/// Sealed together with it, so that nothing else that is sealed with the key passes for one.
const ABOUT: &[u8] = b"millwright oidc travel";
/// Each is somebody who came back; more than this in ten minutes is no shift that begins.
const MOST_USED: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Travel {
    pub provider: String,
    pub state: String,
    pub nonce: String,
    /// Of PKCE: who has the code alone has nothing.
    pub verifier: String,
    pub ends: Timestamp,
}

impl Travel {
    /// `None` only if it cannot be written at all.
    pub fn sealed(&self, key: &[u8; 32]) -> Option<String> {
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let plain = serde_json::to_vec(self).ok()?;
        let sealed = cipher(key).encrypt(Nonce::from_slice(&nonce), Payload { msg: &plain, aad: ABOUT }).ok()?;
        Some(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    pub fn opened(key: &[u8; 32], kept: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(kept).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let plain = cipher(key).decrypt(Nonce::from_slice(nonce), Payload { msg: sealed, aad: ABOUT }).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(key))
}

/// Those that came back already. A second node does not know of them; there the provider refuses the code, which is good once as well.
#[derive(Debug, Default)]
pub struct Used(Mutex<HashMap<String, Timestamp>>);

impl Used {
    /// Whether this one comes back for the first time.
    pub fn is_first(&self, travel: &Travel, now: Timestamp) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= MOST_USED {
            used.retain(|_, ends| *ends > now);
        }
        used.len() < MOST_USED && used.insert(travel.state.clone(), travel.ends).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn travel(state: &str) -> Travel {
        let ends = Timestamp::from_secs(600);
        Travel { provider: "works".into(), state: state.into(), nonce: "n".into(), verifier: "v".into(), ends }
    }

    #[test]
    fn what_was_sealed_opens_with_its_key_and_nothing_else_does() {
        let sealed = travel("s").sealed(&[7; 32]).unwrap();
        assert_eq!(Travel::opened(&[7; 32], &sealed), Some(travel("s")));
        assert_eq!(Travel::opened(&[8; 32], &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(changed == sealed || Travel::opened(&[7; 32], &changed).is_none(), "at {at}");
        }
        for odd in ["", "AAAA", "not base64!", &"A".repeat(4_000)] {
            assert_eq!(Travel::opened(&[7; 32], odd), None, "{odd:.20}");
        }
    }

    #[test]
    fn each_comes_back_once_and_what_is_over_makes_room() {
        let (used, now) = (Used::default(), Timestamp::from_secs(0));
        assert!(used.is_first(&travel("s"), now) && !used.is_first(&travel("s"), now));
        for number in 1..MOST_USED {
            assert!(used.is_first(&travel(&number.to_string()), now));
        }
        assert!(!used.is_first(&travel("one more"), now), "full");
        assert!(used.is_first(&travel("one more"), Timestamp::from_secs(601)));
    }
}
