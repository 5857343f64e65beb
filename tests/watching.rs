//! Prometheus and Grafana as shipped: they parse, they find each other, and they ask only for figures that there are.

use crate::{
    compose::{read, root, service, texts, yaml},
    metrics::documented,
};
use serde_json::Value;
use std::{collections::BTreeSet, fs};

fn every_figure() -> BTreeSet<String> {
    documented(false).union(&documented(true)).cloned().collect()
}

/// Names of ours in an expression.
fn named(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("millwright_")).map(str::to_string).collect()
}

fn is_balanced(expression: &str) -> bool {
    let mut open = vec![];
    for letter in expression.chars() {
        match letter {
            '(' | '[' | '{' => open.push(letter),
            ')' | ']' | '}' => {
                let matches = matches!((open.pop(), letter), (Some('('), ')') | (Some('['), ']') | (Some('{'), '}'));
                if !matches {
                    return false;
                }
            }
            _ => {}
        }
    }
    open.is_empty() && expression.matches('"').count().is_multiple_of(2)
}

fn alerts() -> Vec<Value> {
    let groups = yaml("deploy/prometheus/alerts.yml")["groups"].as_array().expect("groups").clone();
    groups.iter().flat_map(|group| group["rules"].as_array().expect("rules").clone()).collect()
}

#[test]
fn prometheus_scrapes_the_page_and_reads_its_rules() {
    let config = yaml("deploy/prometheus/prometheus.yml");
    let targets: Vec<String> = config["scrape_configs"]
        .as_array()
        .expect("jobs")
        .iter()
        .filter(|job| job["job_name"] == "millwright")
        .flat_map(|job| texts(&job["static_configs"][0]["targets"]))
        .collect();
    assert_eq!(targets, ["127.0.0.1:7410"], "the address that the program listens on by default");
    for file in texts(&config["rule_files"]) {
        assert!(root().join("deploy/prometheus").join(&file).is_file(), "{file}");
    }
    let arguments = texts(&service("prometheus")["command"]);
    let config_file = arguments.iter().find_map(|argument| argument.strip_prefix("--config.file=")).expect("a configuration");
    assert_eq!(config_file, "/etc/prometheus/prometheus.yml");
    assert!(texts(&service("prometheus")["volumes"]).contains(&"./deploy/prometheus:/etc/prometheus:ro".to_string()));
}

#[test]
fn alerts_ask_only_for_figures_that_there_are_and_say_what_to_do() {
    let known = every_figure();
    for alert in alerts() {
        let name = alert["alert"].as_str().expect("a name");
        let expression = alert["expr"].as_str().expect("an expression");
        assert!(is_balanced(expression), "{name}: {expression}");
        let unknown: Vec<String> = named(expression).difference(&known).cloned().collect();
        assert!(unknown.is_empty(), "{name} asks for {unknown:?}, which docs/metrics.md does not name");
        assert!(["critical", "warning"].contains(&alert["labels"]["severity"].as_str().unwrap_or_default()), "{name} has no severity");
        for says in ["summary", "description"] {
            assert!(alert["annotations"][says].as_str().is_some_and(|words| words.len() > 10), "{name} has no {says}");
        }
    }
    let watched: BTreeSet<String> = alerts().iter().flat_map(|alert| named(alert["expr"].as_str().unwrap_or_default())).collect();
    for figure in [
        "millwright_kafka_lso_lag_records",
        "millwright_kafka_lag_records",
        "millwright_projection_lag_records",
        "millwright_projection_parked_streams",
        "millwright_partition_owned",
        "millwright_device_scans_dropped_total",
    ] {
        assert!(watched.contains(figure), "nobody is woken by {figure}");
    }
    assert!(!is_balanced("sum(rate(x[5m])") && !is_balanced("x{a=\"b}"));
}

#[test]
fn grafana_finds_its_sources_and_dashboards() {
    let grafana = service("grafana");
    let mounts = texts(&grafana["volumes"]);
    let sources = yaml("deploy/grafana/provisioning/datasources/millwright.yml");
    let sources = sources["datasources"].as_array().expect("sources").clone();
    for source in &sources {
        let password = source["secureJsonData"]["password"].as_str();
        let secret = password.map(|password| {
            password.strip_prefix("$__file{/run/secrets/").and_then(|rest| rest.strip_suffix('}')).expect("no password in a file of ours")
        });
        assert!(secret.is_none_or(|secret| texts(&grafana["secrets"]).contains(&secret.to_string())), "{secret:?} is not given to Grafana");
    }
    let urls: Vec<&str> = sources.iter().filter_map(|source| source["url"].as_str()).collect();
    assert_eq!(urls, ["http://127.0.0.1:9090", "127.0.0.1:5432"]);
    assert!(texts(&service("prometheus")["command"]).contains(&"--web.listen-address=127.0.0.1:9090".to_string()));
    let reader = sources[1]["user"].as_str().expect("a role");
    assert!(read("deploy/postgres/10-reader.sh").contains(&format!("CREATE ROLE {reader} LOGIN")), "nobody makes the role {reader}");

    let provider = yaml("deploy/grafana/provisioning/dashboards/millwright.yml");
    let path = provider["providers"][0]["options"]["path"].as_str().expect("a path").to_string();
    assert!(mounts.contains(&format!("./deploy/grafana/dashboards:{path}:ro")), "{mounts:?}");
    assert!(mounts.contains(&"./deploy/grafana/provisioning:/etc/grafana/provisioning:ro".to_string()));
    let home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].as_str().expect("a home");
    let home = home.strip_prefix(&format!("{path}/")).expect("one of the provisioned");
    assert!(root().join("deploy/grafana/dashboards").join(home).is_file(), "{home}");
}

#[test]
fn dashboards_show_every_figure_and_no_other() {
    let sources = yaml("deploy/grafana/provisioning/datasources/millwright.yml");
    let uids: BTreeSet<String> =
        sources["datasources"].as_array().expect("sources").iter().filter_map(|source| source["uid"].as_str()).map(str::to_string).collect();
    let mut shown = BTreeSet::new();
    for entry in fs::read_dir(root().join("deploy/grafana/dashboards")).expect("dashboards") {
        let path = entry.expect("an entry").path();
        let board: Value =
            serde_json::from_str(&fs::read_to_string(&path).expect("a file")).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for panel in board["panels"].as_array().expect("panels") {
            let title = panel["title"].as_str().expect("a title");
            for target in panel["targets"].as_array().expect("targets") {
                let uid = target["datasource"]["uid"].as_str().unwrap_or_default();
                assert!(uids.contains(uid), "{title} asks {uid:?}, which is not provisioned");
                let expression = target["expr"].as_str().expect("an expression");
                assert!(is_balanced(expression), "{title}: {expression}");
                shown.extend(named(expression));
            }
        }
    }
    assert_eq!(shown, every_figure());
}
