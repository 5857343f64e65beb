//! What people and programs show to be let in: passwords, sessions, tokens. Secrets are kept outside the log, and of each only what cannot be turned back.

use crate::{
    Timestamp,
    access::Role,
    ids::{ActorId, TokenId},
    ports::identity_provider::Subject,
};
use async_trait::async_trait;
use thiserror::Error;

/// From a sign-in until its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub who: ActorId,
    /// `password`, or `oidc:<provider>`.
    pub how: String,
    /// Wall time.
    pub began: Timestamp,
    pub ends: Timestamp,
    /// The password was made by another: this opens nothing but the door to a new one.
    pub must_change: bool,
}

/// What a token is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: TokenId,
    pub holder: ActorId,
    pub at_most: Role,
    /// Wall time.
    pub expires_at: Timestamp,
}

/// A password that was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// It was made for her and is good for one thing: setting another.
    pub must_change: bool,
    /// No fact says yet that it was set: it was on the machine itself, or the program died before it said so.
    pub untold: bool,
}

/// Who set a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetBy {
    /// The person, for herself.
    Herself,
    /// Another, to be changed at the first use.
    Another,
    /// Whoever may read the keys, on the machine itself; to be changed at the first use, and to be told then.
    Machine,
}

#[derive(Debug, Error)]
pub enum CredentialsError {
    #[error("use {least} to {most} characters; a few words that only you would put together are good")]
    BadLength { least: usize, most: usize },
    #[error("a password that holds the name or is the same few letters over again is guessed first; choose another")]
    TooPlain,
    #[error("could not use the store of credentials at {place}")]
    Store {
        place: String,
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

#[async_trait]
pub trait Credentials: Send + Sync {
    /// `None`: it was not the right one. Takes as long for a name that nobody has.
    async fn check_password(&self, person: Option<&ActorId>, password: &str) -> Result<Option<Known>, CredentialsError>;
    /// Ends all sessions of the person.
    async fn set_password(&self, person: &ActorId, password: &str, by: SetBy) -> Result<(), CredentialsError>;
    fn has_password(&self, person: &ActorId) -> Result<bool, CredentialsError>;
    /// The password's fact is on the log.
    fn password_told(&self, person: &ActorId) -> Result<(), CredentialsError>;

    /// What the browser is to show from now on: 256 bits of chance.
    fn begin_session(&self, session: &Session) -> Result<String, CredentialsError>;
    fn session(&self, shown: &str) -> Result<Option<Session>, CredentialsError>;
    fn end_session(&self, shown: &str) -> Result<(), CredentialsError>;
    fn end_sessions_of(&self, person: &ActorId) -> Result<(), CredentialsError>;

    /// The token itself, which is shown this once.
    fn keep_token(&self, token: &Token) -> Result<String, CredentialsError>;
    fn token(&self, shown: &str) -> Result<Option<Token>, CredentialsError>;
    fn drop_token(&self, token: TokenId) -> Result<(), CredentialsError>;

    /// The pseudonym of somebody whom an identity provider knows.
    fn person_of(&self, subject: &Subject) -> Result<Option<ActorId>, CredentialsError>;
    /// The same, made up where there is none; two who ask at once get the same.
    fn pseudonym_for(&self, subject: &Subject) -> Result<ActorId, CredentialsError>;
    /// Everything that lets this principal in.
    fn forget(&self, who: &ActorId) -> Result<(), CredentialsError>;
}
