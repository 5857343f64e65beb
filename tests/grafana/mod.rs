//! The dashboards as shipped: Grafana's own schema, nothing on top of another, words on each panel, links that lead somewhere.

mod alarm_figures;
mod macros;
mod plant;
mod queries;

use crate::compose::{read, root, yaml};
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, fs};

/// File name and content of each.
pub fn dashboards() -> Vec<(String, Value)> {
    let entries = fs::read_dir(root().join("deploy/grafana/dashboards")).expect("dashboards").map(|entry| entry.expect("an entry").path());
    let mut boards: Vec<(String, Value)> = entries
        .map(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_string();
            let text = fs::read_to_string(&path).expect("a file");
            (name.clone(), serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
        })
        .collect();
    boards.sort_by(|a, b| a.0.cmp(&b.0));
    boards
}

pub fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

pub fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Panels with something in them; headings have none.
pub fn panels(board: &Value) -> impl Iterator<Item = &Value> {
    items(board, "panels").iter().filter(|panel| panel["type"] != "row")
}

/// Each text under a key, anywhere within.
pub fn texts_under(value: &Value, key: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, inside) in object {
                match inside.as_str() {
                    Some(text) if name == key => found.push(text.to_string()),
                    _ => texts_under(inside, key, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|inside| texts_under(inside, key, found)),
        _ => {}
    }
}

struct Schema {
    whole: Value,
}

impl Schema {
    fn official() -> Self {
        Self { whole: serde_json::from_str(&read("tests/schemas/grafana-12.1.0.schema.json")).expect("JSON") }
    }
    fn kind(&self, name: &str) -> &Value {
        &self.whole["definitions"]["Kinds"]["properties"][name]
    }
    /// What is wrong with a value by a part of the schema.
    fn problems(&self, part: &Value, value: &Value) -> Vec<String> {
        let mut part = part.as_object().cloned().unwrap_or_else(|| Map::from_iter([("not".to_string(), json!({}))]));
        part.insert("definitions".into(), self.whole["definitions"].clone());
        let validator = jsonschema::validator_for(&Value::Object(part)).expect("a schema");
        validator.iter_errors(value).map(|problem| format!("{}: {problem}", problem.instance_path())).collect()
    }
    fn problems_of_board(&self, board: &Value) -> Vec<String> {
        let mut problems = self.problems(&json!({"$ref": "#/definitions/Dashboard"}), board);
        for panel in panels(board) {
            let kind = &self.kind(word(panel, "type"))["properties"];
            let custom = panel["fieldConfig"]["defaults"].get("custom").cloned().unwrap_or(json!({}));
            let found = [self.problems(&kind["options"], &panel["options"]), self.problems(&kind["custom"], &custom)].concat();
            problems.extend(found.into_iter().map(|problem| format!("{}: {problem}", word(panel, "title"))));
            for property in items(&panel["fieldConfig"], "overrides").iter().flat_map(|change| items(change, "properties")) {
                let of_kind = word(property, "id").strip_prefix("custom.");
                if let Some(name) = of_kind
                    && kind["custom"]["properties"].get(name).is_none()
                {
                    problems.push(format!("{}: a {} has no {name}", word(panel, "title"), word(panel, "type")));
                }
            }
        }
        problems
    }
}

#[test]
fn dashboards_are_what_grafana_says_that_a_dashboard_is() {
    let schema = Schema::official();
    let boards = dashboards();
    for (name, board) in &boards {
        let problems = schema.problems_of_board(board);
        assert!(problems.is_empty(), "{name}: {problems:#?}");
    }
    let mut wrong = boards[0].1.clone();
    wrong["panels"][0]["options"]["colourMode"] = "background".into();
    wrong["panels"][0]["gridpos"] = json!({});
    assert_eq!(schema.problems_of_board(&wrong).len(), 2, "misspelt keys passed");
}

#[test]
fn there_is_a_dashboard_for_each_question_and_they_know_one_another() {
    let boards = dashboards();
    let titles: Vec<&str> = boards.iter().map(|(_, board)| word(board, "title")).collect();
    assert_eq!(titles, ["Agent Activity", "Alarm performance", "Millwright itself", "PLC Health Overview"]);
    let uids: BTreeSet<&str> = boards.iter().map(|(_, board)| word(board, "uid")).collect();
    assert_eq!(uids.len(), boards.len());
    for (name, board) in &boards {
        assert_eq!(board["tags"], json!(["millwright"]), "{name}");
        let to_others = items(board, "links").iter().any(|link| link["type"] == "dashboards" && link["tags"] == json!(["millwright"]));
        let to_page = items(board, "links").iter().any(|link| word(link, "url").starts_with("${page}"));
        assert!(to_others && to_page, "{name} leads nowhere");
        assert!(board["editable"] == false && word(board, "description").len() > 40, "{name}");
    }
    let described = read("docs/grafana.md");
    for (_, board) in &boards {
        assert!(described.contains(&format!("## {}\n", word(board, "title"))), "docs/grafana.md does not tell of {}", word(board, "title"));
        for panel in panels(board).filter(|_| word(board, "title") != "Millwright itself") {
            assert!(described.contains(&format!("| {} |", word(panel, "title"))), "docs/grafana.md does not tell of {}", word(panel, "title"));
        }
    }
}

/// Left, top, right, bottom.
fn place(panel: &Value) -> [i64; 4] {
    let of = |key: &str| panel["gridPos"][key].as_i64().expect("a whole number");
    [of("x"), of("y"), of("x") + of("w"), of("y") + of("h")]
}

#[test]
fn no_panel_lies_upon_another_or_beyond_the_edge() {
    for (name, board) in dashboards() {
        let all = items(&board, "panels");
        for (index, panel) in all.iter().enumerate() {
            let [left, top, right, bottom] = place(panel);
            assert!(left >= 0 && right <= 24 && left < right && top < bottom, "{name}: {}", word(panel, "title"));
            for other in &all[index + 1..] {
                let [l, t, r, b] = place(other);
                let apart = right <= l || r <= left || bottom <= t || b <= top;
                assert!(apart, "{name}: {} lies upon {}", word(panel, "title"), word(other, "title"));
                assert_ne!(panel["id"], other["id"], "{name}");
            }
        }
    }
}

#[test]
fn panels_have_words_and_ask_a_source_that_is_provisioned() {
    let sources = yaml("deploy/grafana/provisioning/datasources/millwright.yml");
    let known: BTreeSet<(&str, &str)> = items(&sources, "datasources").iter().map(|source| (word(source, "type"), word(source, "uid"))).collect();
    for (name, board) in dashboards() {
        for panel in panels(&board) {
            let title = word(panel, "title");
            assert!(word(panel, "description").len() > 10, "{name}: {title} does not say what it shows");
            for asked in items(panel, "targets").iter().chain([panel]) {
                let source = (word(&asked["datasource"], "type"), word(&asked["datasource"], "uid"));
                assert!(known.contains(&source), "{name}: {title} asks {source:?}, which is not provisioned");
            }
            assert!(!items(panel, "targets").is_empty(), "{name}: {title} asks nothing");
        }
        for variable in items(&board["templating"], "list").iter().filter(|variable| variable["type"] == "query") {
            let source = (word(&variable["datasource"], "type"), word(&variable["datasource"], "uid"));
            assert!(known.contains(&source), "{name}: {} asks {source:?}", word(variable, "name"));
            assert!(variable["multi"] == true && variable["includeAll"] == true, "{name}: {}", word(variable, "name"));
        }
    }
}

/// The page's addresses that a dashboard may lead to, as web/src/logic/route.ts reads them.
const SCREENS: [&str; 4] = ["asset", "cases", "signal", "system"];

#[test]
fn links_lead_to_screens_of_the_page_and_use_variables_that_there_are() {
    for (name, board) in dashboards() {
        let variables: BTreeSet<&str> = items(&board["templating"], "list").iter().map(|variable| word(variable, "name")).collect();
        let (mut urls, mut queries) = (vec![], vec![]);
        texts_under(&board, "url", &mut urls);
        texts_under(&board, "rawSql", &mut queries);
        texts_under(&board, "expr", &mut queries);
        for url in &urls {
            let place = url.strip_prefix("${page}").unwrap_or_else(|| panic!("{name}: {url} does not lead to the page"));
            let screen = place.strip_prefix("/#/").map(|place| place.split('/').next().unwrap_or_default());
            assert!(screen.is_none_or(|screen| SCREENS.contains(&screen)), "{name}: {url} leads to no screen");
        }
        for text in urls.iter().chain(&queries) {
            let asked = text.split("${").skip(1).filter_map(|rest| rest.split(['}', ':']).next());
            let unknown: Vec<&str> = asked.filter(|word| !word.starts_with("__") && !variables.contains(word)).collect();
            assert!(unknown.is_empty(), "{name} uses {unknown:?}, which are no variables of it: {text}");
        }
    }
}
