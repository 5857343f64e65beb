//! The contract itself: what holds for every protocol, whatever the device, the wire and the peer do.

use crate::{
    bench::Bench,
    peer::{free_port, python},
    stage::{SOON, Stage, TELLTALES},
    support::eventually,
    wire::Answers,
};
use millwright_domain::{ports::write_device::WriteVerdict, reading::Quality};
use std::time::Duration;

/// A peer that listens, and a stage that collects from it.
async fn set<B: Bench>(signals: &[&str]) -> Option<(B, Stage<B>)> {
    let python = python()?;
    let port = free_port();
    let peer = B::start(&python, port);
    let stage = Stage::set(port, signals).await;
    stage.until_good(signals[0]).await;
    Some((peer, stage))
}

pub async fn values_arrive_as_they_are<B: Bench>() {
    let Some((_peer, stage)) = set::<B>(TELLTALES).await else { return };
    for signal in TELLTALES {
        stage.until_good(signal).await;
    }
    assert_eq!((stage.good("p/speed"), stage.good("p/twenty")), (Some(1_480.0), Some(2_020.0)));
    let first = stage.good("p/seq").unwrap();
    eventually("the number grows", SOON, || stage.good("p/seq").is_some_and(|seq| seq > first + 3.0)).await;
    assert_eq!(stage.connects(), 1, "one connection is enough");
    stage.field.stop().await;
    stage.assert_no_value_is_wrong();
}

pub async fn an_absent_device_is_waited_for_found_and_found_again<B: Bench>() {
    let Some(python) = python() else { return };
    let port = free_port();
    let stage = Stage::<B>::set(port, TELLTALES).await;
    stage.until_no_communication("p/speed").await;
    assert!(stage.field.snapshots()[0].units[0].last_error.is_some(), "it says why");
    for _ in 0..2 {
        let peer = B::start(&python, port);
        stage.until_good("p/speed").await;
        drop(peer);
        stage.until_no_communication("p/speed").await;
    }
    stage.field.stop().await;
    stage.assert_no_value_is_wrong();
}

pub async fn a_late_answer_is_never_taken_for_the_answer_to_a_later_question<B: Bench>() {
    let Some((_peer, stage)) = set::<B>(TELLTALES).await else { return };
    for late_ms in [350, 450, 700] {
        stage.wire.answers(Answers::Late(Duration::from_millis(late_ms)));
        if B::TOLD {
            // What is told comes later, and that is all.
            stage.until_good("p/seq").await;
        } else {
            stage.until_no_communication("p/seq").await;
        }
        stage.wire.answers(Answers::Arrive);
        stage.until_good("p/seq").await;
    }
    stage.until_good("p/speed").await;
    assert!(B::TOLD || stage.connects() > 3, "each timeout drops the connection: {}", stage.connects());
    stage.field.stop().await;
    stage.assert_no_value_is_wrong();
}

pub async fn a_wire_that_says_nothing_is_no_communication_and_recovers_by_itself<B: Bench>() {
    let Some((_peer, stage)) = set::<B>(TELLTALES).await else { return };
    stage.wire.answers(Answers::Held);
    stage.until_no_communication("p/speed").await;
    stage.wire.answers(Answers::Arrive);
    for signal in TELLTALES {
        stage.until_good(signal).await;
    }
    stage.field.stop().await;
    stage.assert_no_value_is_wrong();
}

pub async fn garbage_is_never_a_good_value<B: Bench>() {
    let Some((_peer, stage)) = set::<B>(TELLTALES).await else { return };
    for _ in 0..3 {
        stage.wire.answers(Answers::Garbled);
        stage.until_no_communication("p/speed").await;
        stage.wire.answers(Answers::Arrive);
        stage.until_good("p/speed").await;
    }
    stage.field.stop().await;
    stage.assert_no_value_is_wrong();
}

pub async fn a_connection_that_is_cut_is_made_anew<B: Bench>() {
    let Some((_peer, stage)) = set::<B>(TELLTALES).await else { return };
    for _ in 0..3 {
        let before = stage.connects();
        stage.wire.cut();
        eventually("it is connected again", SOON, || stage.connects() > before).await;
        stage.until_good("p/speed").await;
    }
    stage.field.stop().await;
    stage.assert_no_value_is_wrong();
}

pub async fn what_the_device_does_not_have_is_bad_at_its_own_point_alone<B: Bench>() {
    let mut signals = TELLTALES.to_vec();
    signals.push("p/absent");
    let has_wrong = B::places().wrong.is_some();
    signals.extend(has_wrong.then_some("p/wrong"));
    let Some((_peer, stage)) = set::<B>(&signals).await else { return };
    eventually("what is absent is told to be", SOON, || stage.quality("p/absent") == Some(Quality::BadConfiguration)).await;
    if has_wrong {
        eventually("the wrong type is told to be", SOON, || stage.quality("p/wrong") == Some(Quality::BadConfiguration)).await;
    }
    for signal in TELLTALES {
        stage.until_good(signal).await;
    }
    stage.field.stop().await;
    stage.assert_no_value_is_wrong();
    let never = |signal: &str| {
        stage.log.scans().iter().flat_map(|scan| &scan.readings).all(|reading| reading.signal.as_str() != signal || reading.value().is_none())
    };
    assert!(never("p/absent") && never("p/wrong"), "neither ever has a value");
}

pub async fn a_write_arrives_once_and_is_read_back<B: Bench>() {
    let Some((mut peer, stage)) = set::<B>(&["p/speed", "p/set"]).await else { return };
    stage.until_good("p/set").await;
    for value in [888.0, 890.0] {
        let verdict = stage.write("p/set", value).await;
        assert_eq!(verdict, WriteVerdict::Applied { read_back: value });
    }
    assert_eq!(peer.writes(), [888.0, 890.0]);
    eventually("it is read, too", SOON, || stage.good("p/set") == Some(890.0)).await;
    stage.field.stop().await;
}

pub async fn a_write_that_is_acknowledged_and_does_not_take_is_not_applied<B: Bench>() {
    let Some((mut peer, stage)) = set::<B>(&["p/speed", "p/stubborn"]).await else { return };
    stage.until_good("p/stubborn").await;
    let verdict = stage.write("p/stubborn", 9.0).await;
    assert!(matches!(&verdict, WriteVerdict::NotApplied { why } if why.contains('9') && why.contains("reads 7")), "{verdict:?}");
    assert_eq!(peer.writes(), [9.0]);
    stage.field.stop().await;
}

pub async fn a_write_without_an_answer_is_unknown_and_never_sent_again<B: Bench>() {
    let Some((mut peer, stage)) = set::<B>(&["p/speed", "p/set"]).await else { return };
    stage.until_good("p/set").await;
    stage.wire.hold_after_write();
    let verdict = stage.write("p/set", 777.0).await;
    assert!(matches!(&verdict, WriteVerdict::Unknown { .. }), "{verdict:?}");
    stage.until_no_communication("p/speed").await;
    stage.wire.answers(Answers::Arrive);
    stage.until_good("p/speed").await;
    eventually("what was written shows", SOON, || stage.good("p/set") == Some(777.0)).await;
    assert_eq!(peer.writes(), [777.0], "reading goes on over a new connection, and the write is not repeated");
    stage.field.stop().await;
}

pub async fn nothing_is_written_to_a_device_that_is_not_there<B: Bench>() {
    let Some((mut peer, stage)) = set::<B>(&["p/speed", "p/set"]).await else { return };
    stage.until_good("p/set").await;
    stage.wire.answers(Answers::Held);
    stage.until_no_communication("p/set").await;
    let verdict = stage.write("p/set", 1.0).await;
    assert!(matches!(verdict, WriteVerdict::NotApplied { .. }), "found out by looking first: {verdict:?}");
    stage.wire.answers(Answers::Arrive);
    stage.until_good("p/set").await;
    assert_eq!(peer.writes(), [] as [f64; 0]);
    stage.field.stop().await;
}
