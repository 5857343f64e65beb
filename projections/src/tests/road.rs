//! What each question shows of a fault's whole life.

use super::{Bench, on_both, recorded};
use crate::{
    Window,
    actions::{self, Stage},
    asset_health::{self, HealthState},
    audit::{self, AuditFilter},
    budget, case_timeline,
    notices::outbox::{self, NoticeStage},
    open_cases::{self, CaseFilter},
    pending_approvals,
    testing::road,
};
use millwright_domain::{
    Timestamp,
    budget::Window as BudgetWindow,
    case::{Outcome, Severity},
    site::{AssetLockedOut, KillSwitchEngaged},
};

on_both!(
    a_closed_case_tells_cause_outcome_and_when,
    open_and_closed_cases_are_told_apart_last_opened_first,
    only_what_nobody_answered_waits_for_a_yes,
    an_action_carries_its_whole_life,
    the_timeline_reads_like_a_story,
    a_machine_is_as_its_worst_open_case_and_locks_win,
    the_plant_is_as_last_described_with_switches_and_baselines,
    a_notice_is_followed_to_its_receipt,
    a_budget_counts_what_was_settled_in_its_windows,
    the_audit_has_every_fact_with_its_hash_and_can_be_asked_narrowly,
);

async fn a_closed_case_tells_cause_outcome_and_when(bench: &Bench) {
    let (log, _) = recorded();
    let projections = bench.caught_up(&log).await;
    let case = open_cases::find(&projections.ledger(), road::case(1)).await.unwrap().unwrap();
    assert_eq!((case.stage(), case.is_open(), case.ended_as()), ("closed", false, Some(Outcome::Repaired)));
    assert_eq!((case.severity, case.detector.as_deref()), (Some(Severity::High), Some("drift")));
    assert_eq!(case.case.file().unwrap().cause().unwrap().as_str(), "bearing_wear");
    assert!(case.opened_at < case.diagnosed_at.unwrap() && case.diagnosed_at < case.closed_at);
}

async fn open_and_closed_cases_are_told_apart_last_opened_first(bench: &Bench) {
    let (log, _) = recorded();
    let projections = bench.caught_up(&log).await;
    let ids = async |open: Option<bool>| {
        let filter = CaseFilter { site: Some(road::site()), asset: Some("pump-1".parse().unwrap()), open, ..CaseFilter::default() };
        let page = open_cases::page(&projections.ledger(), &filter, &Window::first(10)).await.unwrap();
        page.rows.into_iter().map(|(_, row)| row.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None).await, [road::case(2), road::case(1)]);
    assert_eq!(ids(Some(true)).await, [road::case(2)]);
    assert_eq!(ids(Some(false)).await, [road::case(1)]);
}

async fn only_what_nobody_answered_waits_for_a_yes(bench: &Bench) {
    let (log, _) = recorded();
    let projections = bench.caught_up(&log).await;
    let waiting = pending_approvals::all(&projections.ledger(), None).await.unwrap();
    assert_eq!(waiting.iter().map(|row| (row.case, row.stage)).collect::<Vec<_>>(), [(road::case(2), Stage::AwaitingApproval)]);
    assert_eq!(waiting[0].binding, waiting[0].proposal.binding());
    assert!(pending_approvals::all(&projections.ledger(), Some(&"elsewhere".parse().unwrap())).await.unwrap().is_empty());
}

async fn an_action_carries_its_whole_life(bench: &Bench) {
    let (log, _) = recorded();
    let projections = bench.caught_up(&log).await;
    let actions = actions::of_case(&projections.ledger(), road::case(1)).await.unwrap();
    let [action] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!((action.stage, action.read_back), (Stage::Completed, Some(870.0)));
    assert_eq!(action.decided_by.as_ref().unwrap().as_str(), "local-operator");
    assert!(action.proposed_at < action.decided_at.unwrap() && action.decided_at < action.started_at && action.started_at < action.ended_at);
}

async fn the_timeline_reads_like_a_story(bench: &Bench) {
    let (log, _) = recorded();
    let projections = bench.caught_up(&log).await;
    let timeline = case_timeline::of_case(&projections.ledger(), road::case(1)).await.unwrap();
    let told: Vec<&str> = timeline.iter().map(|row| row.summary.as_str()).collect();
    assert_eq!(
        told,
        [
            "drift raised an alert on pump-1: pump-1/vibration drifted by +4.2 standard deviations",
            "bearing_wear (87 %), says rules@test: vibration is up while flow is normal",
            "slow_down: write 870 to pump-1/speed_setpoint on plc-1; waits for a yes",
            "local-operator approved it",
            "begun",
            "done; the device reads back 870",
            "repaired, says local-operator; the case is closed",
        ]
    );
    assert_eq!(timeline[6].note, Some(road::note("bearing replaced")));
    assert_eq!((timeline[0].evidence.len(), timeline[2].action), (1, Some(road::action_of(road::case(1)))));
}

async fn a_machine_is_as_its_worst_open_case_and_locks_win(bench: &Bench) {
    let (log, mut recorder) = recorded();
    let projections = bench.caught_up(&log).await;
    let health = async || asset_health::all(&projections.ledger(), Some(&road::site())).await.unwrap().remove(0);
    let seen = health().await;
    assert_eq!((seen.state(), seen.worst(), seen.closed, seen.repaired), (HealthState::Fault, Some(Severity::High), 1, 1));
    assert_eq!(seen.last_outcome.map(|(outcome, _)| outcome), Some(Outcome::Repaired));
    let locked = AssetLockedOut { asset: "pump-1".parse().unwrap(), by: "local-operator".parse().unwrap(), tag: sealed() };
    recorder.record(millwright_domain::envelope::StreamId::site(), "local-operator", locked);
    projections.catch_up(&log).await.unwrap();
    assert_eq!(health().await.state(), HealthState::LockedOut);
}

fn sealed() -> millwright_domain::sealed::Sealed {
    millwright_domain::sealed::Sealed { subject: "local-operator".parse().unwrap(), nonce: "00".into(), text: "c0ffee".into() }
}

async fn the_plant_is_as_last_described_with_switches_and_baselines(bench: &Bench) {
    let (log, mut recorder) = recorded();
    let engaged = KillSwitchEngaged { by: "local-operator".parse().unwrap(), reason: sealed() };
    recorder.record(millwright_domain::envelope::StreamId::site(), "local-operator", engaged.clone());
    let projections = bench.caught_up(&log).await;
    let plants = projections.plants();
    let [row] = &plants[..] else { panic!("{plants:?}") };
    assert_eq!(row.plant, Some(road::plant()));
    assert_eq!(row.kill_switch.as_ref().map(|(switch, _)| switch), Some(&engaged));
    assert_eq!(row.baselines["pump-1/vibration"].mean, 2.0);
}

async fn a_notice_is_followed_to_its_receipt(bench: &Bench) {
    let (log, _) = recorded();
    let projections = bench.caught_up(&log).await;
    let page = outbox::page(&projections.ledger(), None, Some(road::case(1)), &Window::first(10)).await.unwrap();
    let [(_, notice)] = &page.rows[..] else { panic!("{page:?}") };
    assert_eq!((notice.stage, notice.attempts, notice.receipt.as_deref()), (NoticeStage::Done, 1, Some("ok")));
}

async fn a_budget_counts_what_was_settled_in_its_windows(bench: &Bench) {
    let (log, _) = recorded();
    let projections = bench.caught_up(&log).await;
    let budgets = budget::all(&projections.ledger()).await.unwrap();
    let at = Timestamp::from_secs(1_700_000_000);
    let spent = budgets[0].spent(BudgetWindow::Hour, at);
    assert_eq!((budgets[0].scope.as_str(), budgets[0].limit(BudgetWindow::Day)), ("site", Some(50_000)));
    assert_eq!((spent.settled, spent.held), (420, 0));
    assert_eq!(budgets[0].spent(BudgetWindow::Hour, at + chrono::TimeDelta::hours(1)).total(), 0, "another hour, another window");
}

async fn the_audit_has_every_fact_with_its_hash_and_can_be_asked_narrowly(bench: &Bench) {
    let (log, recorder) = recorded();
    let projections = bench.caught_up(&log).await;
    let head = millwright_domain::ports::event_log::EventLog::head(&log).await.unwrap().next(&recorder.partition);
    let all = audit::page(&projections.ledger(), &AuditFilter::default(), &Window::first(200)).await.unwrap();
    assert_eq!(all.rows.len() as u64, head);
    assert!(all.rows.windows(2).all(|two| two[0].1.seq > two[1].1.seq), "last recorded first");
    assert!(all.rows.iter().all(|(_, row)| row.hash.len() == 64));
    let narrow = AuditFilter { actor: Some("local-operator".into()), kind: Some("ActionApproved".into()), ..AuditFilter::default() };
    let found = audit::page(&projections.ledger(), &narrow, &Window::first(200)).await.unwrap();
    assert_eq!(found.rows.len(), 1);
    let at = all.rows[all.rows.len() / 2].1.recorded_at;
    for (from, to) in [(Some(at), None), (None, Some(at))] {
        let found = audit::page(&projections.ledger(), &AuditFilter { from, to, ..AuditFilter::default() }, &Window::first(200)).await.unwrap();
        let belongs = all.rows.iter().filter(|(_, row)| (row.recorded_at >= at) == from.is_some()).count();
        assert_eq!(found.rows.len(), belongs, "the first moment belongs to it, the last one does not");
    }
}
