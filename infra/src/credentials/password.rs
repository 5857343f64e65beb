//! Passwords by argon2id (RFC 9106) with OWASP's parameters: 19 MiB, 2 passes. Which are taken follows NIST SP 800-63B: long, and no rules on letters.

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString, rand_core::OsRng},
};
use millwright_domain::ports::credentials::CredentialsError;
use std::{collections::BTreeSet, path::Path, sync::LazyLock};

const LEAST: usize = 12;
/// So that nobody has us hash a book.
const MOST: usize = 256;
/// Fewer different letters than this are soon tried.
const LEAST_DIFFERENT: usize = 6;
/// Shorter names are in many words.
const LEAST_NAME: usize = 4;

/// Of nobody's password: a name that nobody has takes as long as one that somebody has.
static NOBODYS: LazyLock<String> = LazyLock::new(|| hashed("nobody has this password").unwrap_or_default());

pub fn fit(person: &str, chosen: &str) -> Result<(), CredentialsError> {
    let length = chosen.chars().count();
    if !(LEAST..=MOST).contains(&length) {
        return Err(CredentialsError::BadLength { least: LEAST, most: MOST });
    }
    let different: BTreeSet<char> = chosen.chars().collect();
    let holds_name = person.len() >= LEAST_NAME && chosen.to_lowercase().contains(&person.to_lowercase());
    if different.len() < LEAST_DIFFERENT || holds_name {
        return Err(CredentialsError::TooPlain);
    }
    Ok(())
}

pub fn hashed(chosen: &str) -> Result<String, CredentialsError> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = Argon2::default().hash_password(chosen.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|cause| super::drawer::failed(Path::new("(hashing)"), cause.to_string()))
}

pub fn is_right(hash: Option<&str>, shown: &str) -> bool {
    let known = hash.unwrap_or(&NOBODYS);
    let shown: String = shown.chars().take(MOST).collect();
    let parsed = PasswordHash::new(known);
    let fits = parsed.is_ok_and(|parsed| Argon2::default().verify_password(shown.as_bytes(), &parsed).is_ok());
    fits && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_and_repetitions_are_not_taken() {
        assert!(fit("ann", "three quiet pumps").is_ok());
        assert!(matches!(fit("ann", "short"), Err(CredentialsError::BadLength { .. })));
        assert!(matches!(fit("ann", &"x".repeat(300)), Err(CredentialsError::BadLength { .. })));
        assert!(matches!(fit("ann", "aaaaaaaabbbbbbbb"), Err(CredentialsError::TooPlain)));
        assert!(matches!(fit("local-operator", "Local-Operator 2026"), Err(CredentialsError::TooPlain)));
    }

    #[test]
    fn what_is_kept_names_the_algorithm_and_hides_the_password() {
        let kept = hashed("three quiet pumps").unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && !kept.contains("pumps"), "{kept}");
        assert_ne!(kept, hashed("three quiet pumps").unwrap(), "each has a salt of its own");
    }

    #[test]
    fn a_paper_that_somebody_broke_lets_nobody_in() {
        assert!(!is_right(Some("$argon2id$broken"), "anything"));
        assert!(!is_right(None, "nobody has this password"));
    }
}
