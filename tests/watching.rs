//! Prometheus and Grafana as shipped: they parse, they find each other, and they ask only for figures that there are.

use crate::{
    compose::{read, root, service, texts, yaml},
    grafana::{dashboards, items, texts_under},
    judges::judged,
    metrics::documented,
    program::text,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs};

fn every_figure() -> BTreeSet<String> {
    documented(false).union(&documented(true)).cloned().collect()
}

/// Names of ours in an expression.
fn named(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("millwright_")).map(str::to_string).collect()
}

/// What Prometheus's own checker says of expressions, with what Grafana puts in. Nothing where there is no such checker.
fn misread(expressions: &[String]) -> Option<String> {
    let rules: Vec<Value> = expressions
        .iter()
        .enumerate()
        .map(|(number, expression)| json!({"record": format!("asked:{number}"), "expr": expression.replace("$__rate_interval", "1m")}))
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("rules.yml");
    fs::write(&file, json!({"groups": [{"name": "asked", "rules": rules}]}).to_string()).expect("written");
    let checked = judged("promtool", &["check", "rules", file.to_str().expect("a plain path")], folder.path())?;
    (!checked.status.success()).then(|| text(&checked.stderr))
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
fn prometheus_itself_accepts_its_configuration_and_every_alert() {
    let Some(checked) = judged("promtool", &["check", "config", "deploy/prometheus/prometheus.yml"], &root()) else { return };
    assert!(checked.status.success(), "{}{}", text(&checked.stdout), text(&checked.stderr));
    assert!(text(&checked.stdout).contains(&format!("SUCCESS: {} rules found", alerts().len())), "{}", text(&checked.stdout));
    for wrong in ["sum(rate(x[5m])", "x{a=\"b}", "rate(x)"] {
        assert!(misread(&[wrong.to_string()]).is_some(), "{wrong} passed");
    }
}

#[test]
fn alerts_ask_only_for_figures_that_there_are_and_say_what_to_do() {
    let known = every_figure();
    for alert in alerts() {
        let name = alert["alert"].as_str().expect("a name");
        let expression = alert["expr"].as_str().expect("an expression");
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
    let mut shown = BTreeSet::new();
    for (name, board) in dashboards() {
        let mut expressions = vec![];
        texts_under(&board, "expr", &mut expressions);
        assert_eq!(misread(&expressions), None, "{name}");
        shown.extend(expressions.iter().flat_map(|expression| named(expression)));
        let variables = items(&board["templating"], "list").iter();
        shown.extend(variables.filter_map(|variable| variable["query"]["query"].as_str()).flat_map(named));
    }
    assert_eq!(shown, every_figure());
}
