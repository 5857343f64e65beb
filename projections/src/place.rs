//! Where projections are kept: SQLite files in a folder, or schemas in a Postgres that several programs may share.

use sqlx::postgres::PgConnectOptions;
use std::{fmt, path::PathBuf, sync::Arc};
use thiserror::Error;

#[derive(Debug, Clone)]
pub enum Place {
    Folder(PathBuf),
    Postgres(Postgres),
}

/// A Postgres database, and the schema that the tables are seen in.
#[derive(Clone)]
pub struct Postgres {
    options: Arc<PgConnectOptions>,
    schema: String,
}

/// Says nothing of the URL: it may hold a password.
#[derive(Debug, Error)]
pub enum BadPlace {
    #[error("the URL of the projections' Postgres cannot be read; write it like postgres://user:password@host:5432/database")]
    Url(#[source] sqlx::Error),
    #[error("{0:?} is no name for a schema; take up to 40 small letters, digits and underscores, beginning with a letter")]
    Schema(String),
}

/// A session whose program is gone behind a cut network ends within half a minute, and its locks with it.
const ENDS_WITH_ITS_NETWORK: [(&str, &str); 4] =
    [("tcp_keepalives_idle", "10"), ("tcp_keepalives_interval", "5"), ("tcp_keepalives_count", "4"), ("tcp_user_timeout", "30000")];

/// What tables are found in if nothing else is said.
pub const SCHEMA: &str = "millwright";

impl Postgres {
    pub fn at(url: &str) -> Result<Self, BadPlace> {
        // Or anything with a colon in it would pass, and parts of it be shown as a database's name.
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(BadPlace::Url(sqlx::Error::Configuration("it does not begin with postgres://".into())));
        }
        let options: PgConnectOptions = url.parse().map_err(BadPlace::Url)?;
        Ok(Self { options: Arc::new(options.application_name("millwright")), schema: SCHEMA.into() })
    }

    /// The tables are seen in this schema instead of `millwright`; schemas beside it begin with its name.
    pub fn in_schema(self, schema: &str) -> Result<Self, BadPlace> {
        let is_name = schema.len() <= 40
            && schema.starts_with(|first: char| first.is_ascii_lowercase())
            && schema.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_');
        if is_name { Ok(Self { schema: schema.into(), ..self }) } else { Err(BadPlace::Schema(schema.chars().take(60).collect())) }
    }

    /// A password that the URL does not hold.
    pub fn with_password(self, password: &str) -> Self {
        Self { options: Arc::new(PgConnectOptions::clone(&self.options).password(password)), ..self }
    }

    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }

    /// For a connection on which names without a schema mean tables of this one.
    pub(crate) fn within(&self, schema: &str) -> PgConnectOptions {
        (*self.options).clone().options([("search_path", schema), ("client_min_messages", "warning")]).options(ENDS_WITH_ITS_NETWORK)
    }
}

impl fmt::Display for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.options.get_database().unwrap_or(self.options.get_username());
        write!(f, "postgres://{}:{}/{database}, schema {}", self.options.get_host(), self.options.get_port(), self.schema)
    }
}
// The derived one would show the password.
impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Postgres({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let place = Postgres::at("postgres://millwright:geheim@db.plant:5433/plant").unwrap();
        assert_eq!(place.to_string(), "postgres://db.plant:5433/plant, schema millwright");
        assert!(!format!("{:?}", Place::Postgres(place)).contains("geheim"));
        for bad in ["postgres://u:geheim@host:port/db", "u:geheim"] {
            assert!(!format!("{:?}", Postgres::at(bad).unwrap_err()).contains("geheim"));
        }
    }

    #[test]
    fn a_schema_is_a_plain_name() {
        let place = || Postgres::at("postgres://localhost").unwrap();
        assert!(place().in_schema("site_2").is_ok());
        for bad in ["", "2", "a b", "a;drop", "A", &"a".repeat(41)] {
            assert!(place().in_schema(bad).is_err(), "{bad}");
        }
    }
}
