//! What must hold, searched for in several scopes, some of them to the end; and every planted fault is found.

use super::{
    mutant::Mutant,
    scope::{self, Scope},
    search::search,
};

/// Nothing is wrong, and what makes the scope worth searching did come to pass.
fn holds(scope: &Scope, comes_to_pass: &[&str]) {
    let found = search(scope, None);
    println!("{found}");
    if let Some(wrong) = &found.wrong {
        panic!("{}, after {} states:\n{wrong}", found.scope, found.states);
    }
    let missed: Vec<_> = comes_to_pass.iter().filter(|what| !found.seen.contains_key(**what)).collect();
    assert!(missed.is_empty(), "{} never came to {missed:?}", found.scope);
    assert_eq!(found.is_whole, scope.steps == usize::MAX);
}

const OF_EVERYTHING: &[&str] = &["ActionSuperseded", "ApprovalDelegated", "ApprovalGiven", "case_closed", "never", "needs_the_page", "own_proposal"];
const OF_A_YES: &[&str] = &[
    "ActionApproved",
    "ActionStarted",
    "ActionVoided",
    "ApprovalEscalated",
    "ApprovalExpired",
    "action_superseded",
    "another_binding",
    "approval_expired",
    "not_a_person",
    "not_among_approvers",
    "own_proposal",
    "said_yes_before",
];
const OF_A_BEGINNING: &[&str] = &["ActionStarted", "ActionVoided", "interlock", "kill_switch", "locked_out", "no_fresh_reading", "not_approved"];
const OF_ONE_WRITE: &[&str] =
    &["ActionCompleted", "ActionFailed", "ActionUnverified", "answered before", "the device was written to", "the gate was shut"];
const OF_TWO_WRITES: &[&str] = &["ActionVerified", "ActionVoided", "too_soon", "the device was written to", "the gate was shut"];

#[test]
fn nothing_goes_wrong_in_short_runs_of_everything() {
    holds(&scope::EVERYTHING, OF_EVERYTHING);
    holds(&scope::EVERYTHING_ALLOWED, &["ActionStarted", "ActionVoided", "the device was written to"]);
    holds(&scope::EVERYTHING_BEGUN, &["ActionCompleted", "ActionFailed", "ActionUnverified", "the gate was shut"]);
}

#[test]
fn only_a_valid_yes_in_time_approves_whoever_says_it_to_whatever() {
    holds(&scope::YES, OF_A_YES);
}

#[test]
fn nothing_begins_on_a_world_that_has_moved_on() {
    holds(&scope::BEGINNING, OF_A_BEGINNING);
}

#[test]
fn a_write_is_sent_once_however_runs_end_and_devices_change_hands() {
    holds(&scope::ONE_WRITE, OF_ONE_WRITE);
}

#[test]
fn of_two_writes_each_is_sent_once_and_not_too_soon() {
    holds(&scope::TWO_WRITES, OF_TWO_WRITES);
}

#[test]
#[ignore = "minutes"]
fn nothing_goes_wrong_in_longer_runs_of_everything() {
    for scope in [scope::EVERYTHING, scope::EVERYTHING_ALLOWED, scope::EVERYTHING_BEGUN] {
        holds(&Scope { steps: 5, ..scope }, OF_EVERYTHING);
    }
}

#[test]
#[ignore = "minutes"]
fn nothing_goes_wrong_when_more_of_everything_may_happen_to_one_yes_and_its_beginning() {
    holds(&scope::LONG_YES, OF_A_YES);
    holds(&scope::LONG_BEGINNING, OF_A_BEGINNING);
}

#[test]
#[ignore = "minutes"]
fn nothing_goes_wrong_when_more_of_everything_may_happen_to_writes() {
    holds(&scope::LONG_ONE_WRITE, OF_ONE_WRITE);
    holds(&scope::LONG_TWO_WRITES, OF_TWO_WRITES);
}

/// Each fault, where it is looked for, and what it comes to by the shortest way.
const FAULTS: &[(Mutant, Scope, &str)] = &[
    (Mutant::SendsWhatAFormerRunBegan, scope::ONE_WRITE, "a1 was written twice"),
    (Mutant::SendsWhatAFormerHolderBegan, scope::ONE_WRITE, "a1 was written after its end"),
    (Mutant::SendsWhatNobodyBegan, scope::ONE_WRITE, "a1 was written and had never begun"),
    (Mutant::OverlooksTheEndOfTheLedger, scope::ONE_WRITE, "a1 was written twice"),
    (Mutant::ForgetsWhatItHasSeenTo, scope::ONE_WRITE, "a1 was written twice"),
    (Mutant::IgnoresTheEpoch, scope::ONE_WRITE, "a1 began under assignment 2 and was written under 1"),
    (Mutant::SendsAfterItsTime, scope::ONE_WRITE, "a1 was written at 3 s, and might be sent until 2 s"),
    (Mutant::ForgetsAnswers, scope::ONE_WRITE, "a1 began, and had begun before"),
    (Mutant::SkipsTheBinding, scope::YES, "bob said yes to something else, and that approved a1"),
    (Mutant::TakesAFewDigits, scope::YES, "bob said yes to a1 by a button that could be another's"),
    (Mutant::CountsTheProposersYes, scope::YES, "ann proposed a1, and approved it"),
    (Mutant::CountsAProgramsYes, scope::YES, "svc-diagnosis is a program and approved a1"),
    (Mutant::CountsAnOutsidersYes, scope::YES, "emma may not answer for a1, and approved it"),
    (Mutant::CountsOneYesTwice, scope::YES, "ann was counted twice for a1"),
    (Mutant::TakesOneYesForTwo, scope::YES, "a1 was approved by 1 of 2 persons"),
    (Mutant::TakesAChatForThePage, scope::YES, "a1 is of high risk and was first said yes to in a chat"),
    (Mutant::TakesALateYes, scope::YES, "a1 was approved at 300 s, and had expired at 300 s"),
    (Mutant::LetsPolicyAllowEverything, scope::YES, "a1 was let through by a policy that asks a person"),
    (Mutant::TakesBackWhatHasBegun, scope::TWO_WRITES, "a1 was Begun, and that ended it: ActionRejected"),
    (Mutant::SkipsTheNeverList, scope::EVERYTHING, "reduce_motor_speed_to_60pct is on the never list and was proposed"),
    (Mutant::SupersedesNothing, scope::EVERYTHING, "a1 is pending for the same signal, and something else was proposed"),
    (Mutant::BeginsWhatWaits, scope::YES, "a1 began, and nobody had said yes"),
    (Mutant::BeginsWhatEnded, scope::YES, "a1 began, and its yes had been taken back or used up"),
    (Mutant::BeginsTwice, scope::ONE_WRITE, "a1 began, and had begun before"),
    (Mutant::BeginsTooLate, scope::BEGINNING, "a1 began, and the time to begin it is over"),
    (Mutant::BeginsTooSoon, scope::TWO_WRITES, "a2 began, and the machine was written to less than a minute ago"),
    (Mutant::BeginsUnderAnOldAssignment, scope::ONE_WRITE, "a1 began, and it is not under the device's last assignment"),
    (Mutant::SkipsTheKillSwitch, scope::BEGINNING, "a1 began, and the kill switch is engaged"),
    (Mutant::SkipsTheLockOut, scope::BEGINNING, "a1 began, and the machine is locked out"),
    (Mutant::SkipsAChangeOfPolicy, scope::BEGINNING, "a1 began, and the policy is another one than at the proposal"),
    (Mutant::SkipsAChangeOfDiagnosis, scope::BEGINNING, "a1 began, and the machine is thought to have something else than at the proposal"),
    (Mutant::JudgesByTheFirstReading, scope::BEGINNING, "a1 began on a machine that has been moved"),
];

#[test]
fn every_planted_fault_is_found() {
    for (mutant, scope, comes_to) in FAULTS {
        let found = search(scope, Some(*mutant));
        let Some(wrong) = found.wrong else { panic!("{mutant} was not found:\n{found}") };
        println!("{mutant}; found after {} states:\n{wrong}", found.states);
        assert_eq!(wrong.why, *comes_to, "{mutant}");
    }
}

#[test]
fn a_counterexample_is_a_list_of_steps_to_read_and_no_shorter_one_exists() {
    let wrong = search(&scope::ONE_WRITE, Some(Mutant::SendsWhatAFormerRunBegan)).wrong.unwrap();
    let expected = "   1. svc-diagnosis proposes slow_pump_to_75pct → ActionProposed
   2. ann says yes to a1 at the page → ActionApproved
   3. svc-executor asks to begin a1 → ActionStarted
   4. node A: its executor reads that a1 has begun
   5. node A: the write of a1 is at the gate; the device confirms what it gets → the device was written to
   6. node A: the run of its executor ends
   7. node A: a new run of its executor begins
   8. node A: the write of a1 is at the gate; the device confirms what it gets → the device was written to
      a1 was written twice";
    assert_eq!(wrong.to_string(), expected);
    let shorter = Scope { steps: 7, ..scope::ONE_WRITE };
    assert!(search(&shorter, Some(Mutant::SendsWhatAFormerRunBegan)).wrong.is_none());
}
