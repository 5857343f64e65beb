//! The benches themselves, with so little to do that only what they say can be judged, never how fast it was.

use crate::{cluster::servers::Kafka, program};
use serde_json::Value;

fn figures(arguments: &[&str]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let output = program::run(&[&["bench", "--json"], arguments].concat(), folder.path());
    assert!(output.status.success(), "{}", program::text(&output.stderr));
    program::text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn number(figure: &Value, pointer: &str) -> f64 {
    figure.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("no number at {pointer} of {figure}"))
}

#[tokio::test]
async fn commands_are_measured_on_both_logs_in_one_run() {
    let Some(kafka) = Kafka::shared().await else { return };
    let figures = figures(&["commands", "--scale", "0.004", "--kafka", &kafka.bootstrap]);
    let engines: Vec<_> = figures.iter().map(|figure| figure["more"]["engine"].as_str().unwrap()).collect();
    assert_eq!(engines, ["embedded", "kafka"]);
    assert_eq!([number(&figures[0], "/more/commands"), number(&figures[1], "/more/commands")], [64.0 * 16.0, 64.0 * 8.0]);
    for figure in &figures {
        assert_eq!(number(figure, "/ratio"), number(figure, "/ours") / number(figure, "/peers"));
        assert!(0.0 < number(figure, "/more/p50_ms") && number(figure, "/more/p50_ms") <= number(figure, "/more/p99_ms"), "{figure}");
    }
}

#[tokio::test]
async fn our_way_of_appending_is_measured_against_the_bare_producer() {
    let Some(kafka) = Kafka::shared().await else { return };
    let figures = figures(&["kafka-produce", "--seconds", "0.05", "--kafka", &kafka.bootstrap]);
    let [figure] = &figures[..] else { panic!("one figure, not {figures:?}") };
    let ratios: Vec<f64> = figure["more"]["ratios"].as_array().unwrap().iter().map(|ratio| ratio.as_f64().unwrap()).collect();
    assert!(ratios.is_sorted() && ratios.len() == 5 && ratios[2] == number(figure, "/ratio"), "{figure}");
    assert!(number(figure, "/ours") > 0.0 && number(figure, "/peers") > 0.0, "{figure}");
}

#[test]
fn a_peer_that_is_not_there_is_asked_for_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["bench", "commands", "--scale", "0.0001", "--postgres", "postgres://nobody", "--peer", "no-such-program"];
    let output = program::run(&arguments, folder.path());
    assert!(!output.status.success() && program::text(&output.stderr).contains("no-such-program"), "{}", program::text(&output.stderr));
}

#[test]
fn an_alert_is_followed_to_its_message_and_many_of_one_machine_to_one() {
    let [figure] = &figures(&["alert", "--scale", "0.02"])[..] else { panic!("one figure") };
    assert_eq!([number(figure, "/more/cases_of_it"), number(figure, "/more/messages_of_it")], [1.0, 1.0], "{figure}");
    assert!(0.0 < number(figure, "/more/p50_ms") && number(figure, "/more/p50_ms") <= number(figure, "/ours"), "{figure}");
}

/// One after the other: each brings 100,000 readings a second, and two of them are more than a small machine takes.
#[test]
fn a_yes_is_followed_to_the_value_that_is_read_back_and_the_pages_first_question_to_its_answer() {
    let [figure] = &figures(&["write", "--scale", "0.03"])[..] else { panic!("one figure") };
    assert_eq!(number(figure, "/more/writes"), 3.0, "{figure}");
    assert!(number(figure, "/more/readings_a_second_meanwhile") > 0.0, "{figure}");
    let [figure] = &figures(&["graphql", "--scale", "0.02"])[..] else { panic!("one figure") };
    assert_eq!(number(figure, "/more/questions"), 20.0, "{figure}");
    assert!(number(figure, "/more/answer_bytes") > 5_000.0 && number(figure, "/more/readings_a_second_meanwhile") > 0.0, "{figure}");
}

#[test]
fn each_change_is_followed_to_each_socket_that_listens_for_it() {
    let [figure] = &figures(&["subscriptions", "--scale", "0.1"])[..] else { panic!("one figure") };
    assert_eq!(
        [number(figure, "/more/subscriptions"), number(figure, "/more/clients"), number(figure, "/more/changes")],
        [100.0, 2.0, 6.0],
        "{figure}"
    );
    assert_eq!([number(figure, "/more/came"), number(figure, "/more/missed")], [600.0, 0.0], "{figure}");
    assert!(0.0 < number(figure, "/more/p50_ms") && number(figure, "/more/p50_ms") <= number(figure, "/ours"), "{figure}");
}

#[test]
fn a_random_point_of_the_past_is_measured_against_the_whole_way() {
    let [figure] = &figures(&["past", "--scale", "0.002"])[..] else { panic!("one figure") };
    assert!(number(figure, "/ours") > 0.0 && number(figure, "/more/whole_s") > 0.0 && number(figure, "/more/facts") >= 2_000.0, "{figure}");
}

#[test]
fn a_call_of_a_model_is_measured_with_and_without_the_gateway() {
    let [figure] = &figures(&["gateway", "--scale", "0.02"])[..] else { panic!("one figure") };
    assert_eq!(number(figure, "/more/calls_each_way"), 200.0, "{figure}");
    assert!(
        0.0 < number(figure, "/more/direct_p50_ms") && number(figure, "/more/direct_p50_ms") <= number(figure, "/more/direct_p99_ms"),
        "{figure}"
    );
    assert!(number(figure, "/more/reservations_per_s_in_memory") > 0.0, "{figure}");
}
