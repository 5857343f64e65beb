//! Passwords (argon2id), sessions, tokens, and whom identity providers know, in a folder beside the keys: outside the log and its backups, shared by the nodes of a cluster.
//!
//! Sessions and tokens are 256 bits of chance, so a plain hash of them keeps them; a person's password is not, so it is hashed slowly.

mod drawer;
mod password;
mod subject;

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use drawer::Drawer;
use millwright_domain::{
    Timestamp,
    access::Role,
    ids::{ActorId, TokenId},
    ports::{
        credentials::{Credentials, CredentialsError, Known, Session, SetBy, Token},
        identity_provider::Subject,
    },
};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{path::PathBuf, sync::Arc};
use tokio::sync::Semaphore;

/// Where the very first password lies until it is changed.
const FIRST: &str = "first-password";
/// In front of each token, so that scanners of repositories know one when they see it.
const TOKEN_PREFIX: &str = "mwt_";
/// Each hashing takes 19 MiB: strangers decide how many are wanted, we how many run.
const HASH_AT_ONCE: usize = 2;

pub struct CredentialFolder {
    passwords: Drawer,
    sessions: Drawer,
    tokens: Drawer,
    subjects: Drawer,
    first: Drawer,
    hashing: Arc<Semaphore>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PasswordPaper {
    /// In the PHC string format, with salt and parameters.
    hash: String,
    must_change: bool,
    untold: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct SessionPaper {
    who: ActorId,
    how: String,
    began: Timestamp,
    ends: Timestamp,
    must_change: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct TokenPaper {
    id: TokenId,
    holder: ActorId,
    at_most: Role,
    expires_at: Timestamp,
}

impl CredentialFolder {
    /// # Errors
    /// The folder cannot be made or made private.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, CredentialsError> {
        let dir = dir.into();
        Ok(Self {
            passwords: Drawer::open(dir.join("passwords"))?,
            sessions: Drawer::open(dir.join("sessions"))?,
            tokens: Drawer::open(dir.join("tokens"))?,
            subjects: Drawer::open(dir.join("subjects"))?,
            first: Drawer::open(dir)?,
            hashing: Arc::new(Semaphore::new(HASH_AT_ONCE)),
        })
    }

    /// Leaves the very first password where only the owner of the process can read it, and says where. It goes when it is changed.
    pub fn leave_first_password(&self, password: &str) -> Result<PathBuf, CredentialsError> {
        self.first.put(FIRST, &password)?;
        Ok(self.first.place(FIRST))
    }

    /// What browsers keep while they are at an identity provider is sealed with this key. Made at the first use; the nodes of a cluster share it.
    pub fn travel_key(&self) -> Result<[u8; 32], CredentialsError> {
        subject::travel_key(&self.first)
    }

    /// Runs where it holds nobody up.
    async fn hash<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, CredentialsError> {
        let broken = |cause: Box<dyn std::error::Error + Send + Sync>| CredentialsError::Store { place: "(hashing)".into(), cause };
        let turn = self.hashing.clone().acquire_owned().await.map_err(|closed| broken(closed.into()))?;
        let hashed = tokio::task::spawn_blocking(move || {
            // Goes on when whoever asked is gone, so the turn ends here and not there.
            let _turn = turn;
            work()
        });
        hashed.await.map_err(|died| broken(died.into()))
    }
}

#[async_trait]
impl Credentials for CredentialFolder {
    async fn check_password(&self, person: Option<&ActorId>, shown: &str) -> Result<Option<Known>, CredentialsError> {
        let paper: Option<PasswordPaper> = person.map(|person| self.passwords.get(person.as_str())).transpose()?.flatten();
        let (hash, shown) = (paper.as_ref().map(|paper| paper.hash.clone()), shown.to_string());
        let is_right = self.hash(move || password::is_right(hash.as_deref(), &shown)).await?;
        Ok(paper.filter(|_| is_right).map(|paper| Known { must_change: paper.must_change, untold: paper.untold }))
    }

    async fn set_password(&self, person: &ActorId, chosen: &str, by: SetBy) -> Result<(), CredentialsError> {
        password::fit(person.as_str(), chosen)?;
        let chosen = chosen.to_string();
        let hash = self.hash(move || password::hashed(&chosen)).await??;
        let paper = PasswordPaper { hash, must_change: by != SetBy::Herself, untold: true };
        self.passwords.put(person.as_str(), &paper)?;
        if by == SetBy::Herself {
            self.first.remove(FIRST)?;
        }
        self.end_sessions_of(person)
    }

    fn has_password(&self, person: &ActorId) -> Result<bool, CredentialsError> {
        Ok(self.passwords.get::<PasswordPaper>(person.as_str())?.is_some())
    }

    fn password_told(&self, person: &ActorId) -> Result<(), CredentialsError> {
        match self.passwords.get::<PasswordPaper>(person.as_str())? {
            Some(paper) if paper.untold => self.passwords.put(person.as_str(), &PasswordPaper { untold: false, ..paper }),
            _ => Ok(()),
        }
    }

    fn begin_session(&self, session: &Session) -> Result<String, CredentialsError> {
        // Sign-ins are few, so this is when what has ended is swept out.
        self.sessions.keep_only(|kept: &SessionPaper| kept.ends > session.began)?;
        let shown = chance();
        let Session { who, how, began, ends, must_change } = session.clone();
        self.sessions.put(&digest(&shown), &SessionPaper { who, how, began, ends, must_change })?;
        Ok(shown)
    }

    fn session(&self, shown: &str) -> Result<Option<Session>, CredentialsError> {
        let paper: Option<SessionPaper> = self.sessions.get(&digest(shown))?;
        Ok(paper.map(|SessionPaper { who, how, began, ends, must_change }| Session { who, how, began, ends, must_change }))
    }

    fn end_session(&self, shown: &str) -> Result<(), CredentialsError> {
        self.sessions.remove(&digest(shown))
    }

    fn end_sessions_of(&self, person: &ActorId) -> Result<(), CredentialsError> {
        self.sessions.keep_only(|kept: &SessionPaper| kept.who != *person)
    }

    fn keep_token(&self, token: &Token) -> Result<String, CredentialsError> {
        let shown = format!("{TOKEN_PREFIX}{}", chance());
        let Token { id, holder, at_most, expires_at } = token.clone();
        self.tokens.put(&digest(&shown), &TokenPaper { id, holder, at_most, expires_at })?;
        Ok(shown)
    }

    fn token(&self, shown: &str) -> Result<Option<Token>, CredentialsError> {
        if !shown.starts_with(TOKEN_PREFIX) {
            return Ok(None);
        }
        let paper: Option<TokenPaper> = self.tokens.get(&digest(shown))?;
        Ok(paper.map(|TokenPaper { id, holder, at_most, expires_at }| Token { id, holder, at_most, expires_at }))
    }

    fn drop_token(&self, token: TokenId) -> Result<(), CredentialsError> {
        self.tokens.keep_only(|kept: &TokenPaper| kept.id != token)
    }

    fn person_of(&self, subject: &Subject) -> Result<Option<ActorId>, CredentialsError> {
        subject::person_of(&self.subjects, subject)
    }

    fn pseudonym_for(&self, subject: &Subject) -> Result<ActorId, CredentialsError> {
        subject::pseudonym_for(&self.subjects, subject)
    }

    fn forget(&self, who: &ActorId) -> Result<(), CredentialsError> {
        subject::forget(&self.subjects, who)?;
        self.passwords.remove(who.as_str())?;
        self.tokens.keep_only(|kept: &TokenPaper| kept.holder != *who)?;
        self.end_sessions_of(who)
    }
}

fn chance() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Looking up by a hash leaks nothing by its time: nobody can choose a hash.
fn digest(shown: &str) -> String {
    Sha256::digest(shown.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use std::{fs, os::unix::fs::PermissionsExt};
    use uuid::Uuid;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
    const GOOD: &str = "three quiet pumps at night";

    fn folder() -> (tempfile::TempDir, CredentialFolder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = CredentialFolder::open(dir.path().join("access")).unwrap();
        (dir, folder)
    }
    fn ann() -> ActorId {
        "ann".parse().unwrap()
    }
    fn session(who: &ActorId, hours: i64) -> Session {
        Session { who: who.clone(), how: "password".into(), began: NOW, ends: NOW + TimeDelta::hours(hours), must_change: false }
    }

    #[tokio::test]
    async fn the_right_password_is_known_and_no_other_and_no_other_persons() {
        let (_dir, folder) = folder();
        folder.set_password(&ann(), GOOD, SetBy::Herself).await.unwrap();
        assert_eq!(folder.check_password(Some(&ann()), GOOD).await.unwrap(), Some(Known { must_change: false, untold: true }));
        for (person, shown) in [(Some(ann()), "three quiet pumps at nighT"), (Some("bob".parse().unwrap()), GOOD), (None, GOOD), (Some(ann()), "")] {
            assert_eq!(folder.check_password(person.as_ref(), shown).await.unwrap(), None, "{person:?} {shown:?}");
        }
    }

    #[tokio::test]
    async fn a_password_of_another_is_to_be_changed_and_every_one_to_be_told() {
        let (_dir, folder) = folder();
        for by in [SetBy::Another, SetBy::Machine] {
            folder.set_password(&ann(), GOOD, by).await.unwrap();
            assert_eq!(folder.check_password(Some(&ann()), GOOD).await.unwrap(), Some(Known { must_change: true, untold: true }));
        }
        folder.password_told(&ann()).unwrap();
        assert_eq!(folder.check_password(Some(&ann()), GOOD).await.unwrap(), Some(Known { must_change: true, untold: false }));
    }

    #[tokio::test]
    async fn a_new_password_ends_every_session_of_the_person_and_of_nobody_else() {
        let (_dir, folder) = folder();
        let bob: ActorId = "bob".parse().unwrap();
        let (of_ann, of_bob) = (folder.begin_session(&session(&ann(), 12)).unwrap(), folder.begin_session(&session(&bob, 12)).unwrap());
        folder.set_password(&ann(), GOOD, SetBy::Herself).await.unwrap();
        assert_eq!(folder.session(&of_ann).unwrap(), None);
        assert_eq!(folder.session(&of_bob).unwrap(), Some(session(&bob, 12)));
        folder.end_session(&of_bob).unwrap();
        assert_eq!(folder.session(&of_bob).unwrap(), None);
    }

    #[test]
    fn tokens_are_known_by_what_they_show_and_dropped_by_their_id() {
        let (dir, folder) = folder();
        let token = Token { id: TokenId(Uuid::from_u128(7)), holder: ann(), at_most: Role::Viewer, expires_at: NOW };
        let shown = folder.keep_token(&token).unwrap();
        assert_eq!(folder.token(&shown).unwrap(), Some(token.clone()));
        assert_eq!(folder.token(&format!("{shown}x")).unwrap(), None);
        assert_eq!(folder.token("../passwords/ann").unwrap(), None);
        let kept = fs::read_dir(dir.path().join("access/tokens")).unwrap().next().unwrap().unwrap();
        assert!(!fs::read_to_string(kept.path()).unwrap().contains(&shown[4..]), "what is kept opens nothing");
        folder.drop_token(token.id).unwrap();
        assert_eq!(folder.token(&shown).unwrap(), None);
    }

    #[tokio::test]
    async fn who_is_forgotten_is_let_in_by_nothing() {
        let (_dir, folder) = folder();
        folder.set_password(&ann(), GOOD, SetBy::Herself).await.unwrap();
        let shown = folder.begin_session(&session(&ann(), 12)).unwrap();
        let token = folder.keep_token(&Token { id: TokenId(Uuid::from_u128(7)), holder: ann(), at_most: Role::Admin, expires_at: NOW }).unwrap();
        folder.forget(&ann()).unwrap();
        assert!(folder.check_password(Some(&ann()), GOOD).await.unwrap().is_none());
        assert!(folder.session(&shown).unwrap().is_none() && folder.token(&token).unwrap().is_none());
    }

    #[test]
    fn sessions_that_have_ended_are_swept_out_and_nobody_else_can_read_what_is_left() {
        let (dir, folder) = folder();
        folder.begin_session(&session(&ann(), 0)).unwrap();
        folder.begin_session(&session(&ann(), 12)).unwrap();
        folder.begin_session(&session(&ann(), 12)).unwrap();
        let left: Vec<_> = fs::read_dir(dir.path().join("access/sessions")).unwrap().map(|entry| entry.unwrap()).collect();
        assert_eq!(left.len(), 2);
        assert!(left.iter().all(|entry| entry.metadata().unwrap().permissions().mode() & 0o777 == 0o600));
    }
}
