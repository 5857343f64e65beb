//! Rebuilding beside what is in place: equal versions say the same, new ones in what they did not change; stopped and gone on with.

use super::{Bench, on_both, recorded};
use crate::{
    RebuildError, Rebuilding, StoreError, audit,
    follow::FollowError,
    pending_approvals,
    testing::{MemoryLog, Recorder, road},
};
use millwright_domain::ports::event_log::EventLog;

on_both!(
    rebuilt_is_as_kept_and_takes_its_place,
    a_fold_that_says_something_else_is_not_swapped_in,
    tables_of_a_newer_program_are_refused,
    tables_of_an_older_program_are_shown_until_they_are_rebuilt,
    a_new_version_may_say_something_else_only_in_what_it_changed,
    a_stopped_rebuild_is_gone_on_with,
);

async fn rebuilt_is_as_kept_and_takes_its_place(bench: &Bench) {
    let (log, mut recorder) = recorded();
    let projections = bench.caught_up(&log).await;
    let before = projections.digests().await.unwrap();
    let rebuilt = projections.rebuild(&log).await.unwrap();
    assert_eq!(rebuilt.digests, before);
    assert_eq!(rebuilt.position, log.head().await.unwrap());
    road::awaiting(&mut recorder, road::case(3));
    projections.catch_up(&log).await.unwrap();
    assert_eq!(pending_approvals::all(&projections.ledger(), None).await.unwrap().len(), 2, "it goes on from where it was rebuilt");
    drop(projections);
    let reopened = bench.open().await;
    assert_eq!(reopened.position(), log.head().await.unwrap());
}

async fn a_fold_that_says_something_else_is_not_swapped_in(bench: &Bench) {
    let (log, _) = recorded();
    let projections = bench.caught_up(&log).await;
    bench.tamper("UPDATE asset_health SET state = 'tampered'").await;
    let refused = projections.rebuild(&log).await.unwrap_err().to_string();
    assert!(refused.contains("asset_health"), "{refused}");
}

async fn tables_of_a_newer_program_are_refused(bench: &Bench) {
    let (log, _) = recorded();
    drop(bench.caught_up(&log).await);
    bench.tamper("UPDATE projection_versions SET version = 99 WHERE projection = 'audit'").await;
    let Err(refused) = bench.try_open().await else { panic!("newer tables were opened") };
    assert!(matches!(&refused, StoreError::TooNew { found: 99, .. }), "{refused}");
}

async fn tables_of_an_older_program_are_shown_until_they_are_rebuilt(bench: &Bench) {
    let (log, mut recorder) = recorded();
    let projections = bench.caught_up(&log).await;
    let before = (projections.digests().await.unwrap(), audit::counts(&projections.ledger()).await.unwrap());
    drop(projections);
    bench.tamper("UPDATE projection_versions SET version = version - 1 WHERE projection = 'actions'").await;
    bench.tamper("UPDATE actions SET stage = '\"' || stage || '\"'").await;
    let again = bench.open().await;
    assert_eq!(audit::counts(&again.ledger()).await.unwrap(), before.1, "as the older program left it");
    again.catch_up(&log).await.unwrap();
    assert_eq!(again.digests().await.unwrap(), before.0);
    road::awaiting(&mut recorder, road::case(3));
    again.catch_up(&log).await.unwrap();
    assert_eq!(pending_approvals::all(&again.ledger(), None).await.unwrap().len(), 2, "and it goes on from there");
}

async fn a_new_version_may_say_something_else_only_in_what_it_changed(bench: &Bench) {
    let (log, _) = recorded();
    drop(bench.caught_up(&log).await);
    bench.tamper("UPDATE projection_versions SET version = version - 1 WHERE projection = 'actions'").await;
    bench.tamper("UPDATE actions SET stage = 'as it was said before'").await;
    let again = bench.open().await;
    let rebuilt = again.rebuild(&log).await.unwrap();
    let [changed] = &rebuilt.changed[..] else { panic!("{:?}", rebuilt.changed) };
    assert_eq!((changed.projection, changed.from, changed.to), ("actions", Some(2), 3));
    assert!(changed.rest.contains(&"actions.stage".to_string()) && changed.compared.contains(&"actions.name".to_string()), "{changed:?}");
    drop(again);

    let other = Bench::like(bench);
    drop(other.caught_up(&log).await);
    other.tamper("UPDATE projection_versions SET version = version - 1 WHERE projection = 'actions'").await;
    other.tamper("UPDATE actions SET name = 'another'").await;
    let FollowError::Upgrade { cause: refused, .. } = other.open().await.catch_up(&log).await.unwrap_err() else { panic!("it went on") };
    assert!(matches!(&*refused, RebuildError::Differ { projections } if projections == &["actions"]), "{refused}");
    other.clean().await;
}

async fn a_stopped_rebuild_is_gone_on_with(bench: &Bench) {
    let log = MemoryLog::default();
    for site in ["north", "south", "west"] {
        let mut recorder = Recorder::on(&log, &site.parse().unwrap());
        road::awaiting(&mut recorder, road::case(site.len() as u32));
    }
    let projections = bench.caught_up(&log).await;
    let of: u64 = log.head().await.unwrap().partitions().map(|(_, next)| next).sum();
    let stopped = Rebuilding::default();
    stopped.cancel();
    let refused = projections.rebuild_watched(&log, &stopped).await.unwrap_err();
    assert!(matches!(refused, RebuildError::Cancelled { done, of: all } if 0 < done && done < of && all == of), "{refused}");
    drop(projections);
    let again = bench.open().await;
    // Only what was built before the stop can carry this over.
    bench.tamper_with_building("UPDATE audit SET summary = 'from before'").await;
    let watched = Rebuilding::default();
    let refused = again.rebuild_watched(&log, &watched).await.unwrap_err();
    assert!(matches!(&refused, RebuildError::Differ { projections } if projections == &["audit"]), "{refused}");
    let progress = *watched.progress().borrow();
    assert_eq!((progress.done, progress.of), (of, of));
    again.rebuild(&log).await.expect("what differed was thrown away, this one begins anew");
}
