//! What a scrape of the running program gets, held against the page that tells people what there is.

use crate::program::Program;
use std::{collections::BTreeSet, path::Path};

/// Names under a heading of docs/metrics.md: those of every program, or those of Kafka alone.
pub fn documented(of_kafka: bool) -> BTreeSet<String> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md")).expect("docs/metrics.md");
    let (everywhere, kafka) = page.split_once("With the log on Kafka").expect("both tables");
    let table = if of_kafka { kafka } else { everywhere };
    let cell = |line: &str| line.strip_prefix("| `").and_then(|rest| rest.split('`').next()).map(str::to_string);
    table.lines().filter_map(cell).filter(|name| name.starts_with("millwright_")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_gets_every_documented_figure_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::demo(folder.path(), &["--speed", "10"]).await;
    // Lag is known once the projections have looked at the log.
    let reached = |answer: &serde_json::Value| answer["health"]["lag"].as_array().filter(|lag| !lag.is_empty()).map(|_| ());
    program.until("{ health { lag { behind } } }", reached).await;
    let joined = |answer: &serde_json::Value| answer["agents"].as_array().filter(|agents| !agents.is_empty()).map(|_| ());
    program.until("{ agents { id } }", joined).await;
    let page = reqwest::get(format!("{}/metrics", program.url)).await.unwrap().text().await.unwrap();
    let samples = page.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let shown: BTreeSet<String> = samples.clone().filter_map(|line| line.split(['{', ' ']).next()).map(str::to_string).collect();
    assert_eq!(shown, documented(false), "{page}");
    let sample = |wanted: &str| samples.clone().find_map(|line| line.strip_prefix(wanted)).map(|value| value.trim().to_string());
    assert_eq!(sample("millwright_worker_up{worker=\"monitor\"}").as_deref(), Some("1"), "{page}");
    assert_eq!(sample("millwright_partition_owned{partition=\"ledger/demo\"}").as_deref(), Some("1"), "{page}");
    let described = sample("millwright_commands_answered_total{command=\"DescribePlant\",answer=\"done\"}");
    assert_eq!(described.as_deref(), Some("1"), "{page}");
    assert!(page.contains("# HELP millwright_projection_lag_records Records of the log"), "{page}");
}

/// Metric names in the sources are literals, so that they can be held against the page.
fn recorded(text: &str) -> impl Iterator<Item = &str> {
    let begins = ["gauge!(", "counter!(", "histogram!("];
    begins.into_iter().flat_map(move |begin| text.split(begin).skip(1)).filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
}

#[test]
fn whatever_the_sources_record_is_documented() {
    let known: BTreeSet<String> = documented(false).union(&documented(true)).cloned().collect();
    let mut seen = BTreeSet::new();
    for file in crate::architecture::sources().into_iter().filter(|file| !file.starts_with(crate::architecture::root().join("tests"))) {
        let text = std::fs::read_to_string(&file).expect("a source file");
        for name in recorded(&text) {
            assert!(known.contains(name), "{} records {name}, which docs/metrics.md does not name", file.display());
            seen.insert(name.to_string());
        }
    }
    let never: Vec<&String> = known.difference(&seen).collect();
    assert!(never.is_empty(), "documented and recorded nowhere: {never:?}");
}
