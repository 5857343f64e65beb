//! A Postgres that the demo has filled, asked as the role that may only read; one for all tests.

use super::{items, macros::Look, word};
use crate::{
    cluster::servers::Postgres,
    compose::{read, root},
    program::{millwright, text},
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool};
use std::collections::BTreeMap;

/// The server stops with the process.
pub struct Database {
    _server: Postgres,
    pub owner: PgPool,
    pub reader: PgPool,
}

impl Database {
    /// With the role that deploy/postgres makes.
    pub async fn empty() -> Option<Self> {
        let server = Postgres::own().await?;
        let owner = PgPool::connect(&server.url).await.expect("a connection");
        let script = read("deploy/postgres/10-reader.sh");
        let role = script.split("<<'SQL'\n").nth(1).and_then(|rest| rest.split("\nSQL").next()).expect("SQL in the script");
        sqlx::raw_sql(AssertSqlSafe(role.replace(":'password'", "'as it likes'"))).execute(&owner).await.expect("a role");
        let at = server.url.split_once('@').expect("a user in the URL").1;
        let reader = PgPool::connect(&format!("postgres://reader:as%20it%20likes@{at}")).await.expect("the role may log in");
        Some(Self { _server: server, owner, reader })
    }

    /// Five pumps of four vendors; the bearings of two wear out, and a person says what he found.
    pub async fn of_the_demo() -> Option<Self> {
        let database = Self::empty().await?;
        let folder = tempfile::tempdir().expect("a folder");
        let mut demo = millwright();
        demo.args(["demo", "--pumps", "5", "--headless", "--until-closed", "2", "--json", "--log-level", "warn", "--data"]);
        demo.arg(folder.path().join("data")).env("MILLWRIGHT_PROJECTIONS__POSTGRES", &database._server.url).current_dir(root());
        let ran = tokio::task::spawn_blocking(move || demo.output()).await.expect("joined").expect("the program starts");
        assert!(ran.status.success(), "{}{}", text(&ran.stdout), text(&ran.stderr));
        Some(database)
    }

    /// Rows as JSON objects.
    pub async fn rows(&self, sql: &str) -> Result<Vec<Value>, sqlx::Error> {
        let asked = format!("SELECT coalesce(json_agg(row_to_json(t)), '[]')::text FROM ({sql}) t");
        let answer: String = sqlx::query_scalar(AssertSqlSafe(asked)).fetch_one(&self.reader).await?;
        Ok(serde_json::from_str(&answer).expect("Postgres writes JSON"))
    }

    /// All of it: from before the first reading to after the last, everything chosen. Plant time runs ahead in the demo.
    pub async fn look(&self, board: &Value) -> Look {
        let span = "SELECT least(min(at), now() - interval '10 minutes') AS \"from\", greatest(max(at), now()) + interval '1 minute' AS \"to\" \
                    FROM millwright.readings_rollups";
        let span = self.rows(span).await.expect("the demo's span").remove(0);
        let mut look = Look { from: word(&span, "from").into(), to: word(&span, "to").into(), interval_s: 60, chosen: BTreeMap::new() };
        for variable in items(&board["templating"], "list").iter().filter(|variable| variable["query"].is_string() && variable["type"] == "query") {
            let name = word(variable, "name");
            let sql = look.expanded(word(variable, "query")).unwrap_or_else(|problem| panic!("{name}: {problem}"));
            let rows = self.rows(&sql).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            let values: Vec<String> = rows.iter().map(|row| word(row, "__value").to_string()).collect();
            assert!(!values.is_empty() && rows.iter().all(|row| !word(row, "__text").is_empty()), "{name} offers {rows:?}");
            look.chosen.insert(name.to_string(), values);
        }
        look
    }
}
