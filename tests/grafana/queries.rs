//! Each question of each dashboard, put to a real Postgres that the demo has filled, by the role that may only read.

use super::{dashboards, items, macros::Look, panels, plant::Database, texts_under, word};
use serde_json::Value;
use std::collections::BTreeSet;

fn says_something(rows: &[Value]) -> bool {
    rows.iter().any(|row| row.as_object().is_some_and(|columns| columns.iter().any(|(name, value)| name != "time" && !value.is_null())))
}

/// What is wrong with a panel's answer.
async fn complaint(database: &Database, look: &Look, panel: &Value, target: &Value) -> Option<String> {
    let sql = match look.expanded(word(target, "rawSql")) {
        Ok(sql) => sql,
        Err(problem) => return Some(problem),
    };
    let rows = match database.rows(&sql).await {
        Ok(rows) => rows,
        Err(error) => return Some(format!("{error}: {sql}")),
    };
    if !says_something(&rows) {
        return Some(format!("the answer is empty: {sql}"));
    }
    let columns: BTreeSet<&str> = rows[0].as_object().expect("a row").keys().map(String::as_str).collect();
    if target["format"] == "time_series" && !columns.contains("time") {
        return Some(format!("a curve needs a column `time`, and there are {columns:?}"));
    }
    let mut urls = vec![];
    texts_under(&panel["fieldConfig"], "url", &mut urls);
    let linked: BTreeSet<String> =
        urls.iter().flat_map(|url| url.split("${__data.fields.").skip(1)).filter_map(|rest| rest.split('}').next()).map(str::to_string).collect();
    let named = items(&panel["fieldConfig"], "overrides").iter().filter(|change| change["matcher"]["id"] == "byName");
    let named: BTreeSet<String> = named.map(|change| word(&change["matcher"], "options").to_string()).collect();
    let absent: Vec<&String> = linked.union(&named).filter(|name| !columns.contains(name.as_str())).collect();
    (!absent.is_empty()).then(|| format!("it links or looks by {absent:?}, and there are {columns:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_panel_variable_and_mark_gets_an_answer_from_a_role_that_can_change_nothing() {
    let Some(database) = Database::of_the_demo().await else { return };
    let mut complaints = vec![];
    for (name, board) in dashboards() {
        let look = database.look(&board).await;
        for panel in panels(&board) {
            for target in items(panel, "targets").iter().filter(|target| target["rawSql"].is_string()) {
                let found = complaint(&database, &look, panel, target).await;
                complaints.extend(found.map(|found| format!("{name}, {}: {found}", word(panel, "title"))));
            }
        }
        for marks in items(&board["annotations"], "list").iter().filter(|marks| marks["target"]["rawSql"].is_string()) {
            let found = complaint(&database, &look, marks, &marks["target"]).await;
            complaints.extend(found.map(|found| format!("{name}, {}: {found}", word(marks, "name"))));
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
    for change in ["DELETE FROM millwright.cases", "CREATE TABLE mine (x int)", "SELECT pg_read_file('/etc/passwd')"] {
        assert!(sqlx::query(change).execute(&database.reader).await.is_err(), "the dashboards' role may {change}");
    }
}
