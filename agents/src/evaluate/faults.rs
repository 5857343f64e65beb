//! Cases against what a simulator really did: which faults were named, how soon, and which cases were about nothing. Event by event.

use super::confusion;
use millwright_domain::{
    Event, Timestamp,
    change::ChangeKind,
    envelope::Recorded,
    ids::{AssetId, CaseId, CauseId, EffectId},
    site::GroundTruthMarked,
};
use serde::Serialize;
use std::{collections::BTreeMap, fmt::Write};

/// One fault as it really was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truth {
    pub asset: AssetId,
    pub fault: CauseId,
    pub from: Timestamp,
    /// Still there if `None`.
    pub to: Option<Timestamp>,
}

/// One case as the ledger tells it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedCase {
    pub case: CaseId,
    pub asset: AssetId,
    /// Of its first alert; a case that a diagnosis opened has none of its own.
    pub alerted_at: Option<Timestamp>,
    pub opened_at: Timestamp,
    /// The last cause named, and when it was named first.
    pub cause: Option<(CauseId, Timestamp)>,
    /// The last kind of change judged.
    pub change: Option<ChangeKind>,
    /// When the first message or ticket about it was delivered.
    pub told_at: Option<Timestamp>,
}

/// A case with the fault that it was about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgedCase {
    pub case: CaseId,
    pub asset: AssetId,
    pub cause: Option<CauseId>,
    pub truth: Option<CauseId>,
    /// From the true beginning to the first alert of the asset after it.
    pub seconds_to_alert: Option<f64>,
    /// From the true beginning to the right name.
    pub seconds_to_diagnosis: Option<f64>,
    /// From the true beginning to the first message or ticket that was delivered.
    pub seconds_to_message: Option<f64>,
    pub change: Option<ChangeKind>,
}

impl JudgedCase {
    pub fn is_right(&self) -> bool {
        self.truth.is_some() && self.cause == self.truth
    }
}

/// How well the cases fit the faults.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaultReport {
    pub faults: usize,
    /// Faults that a case names.
    pub named: usize,
    pub cases: Vec<JudgedCase>,
    pub missed: Vec<Truth>,
    /// Of plant time, from the first fact to the last.
    pub hours: f64,
}

/// A case opened so long after a fault's end may still be about it: windows look back minutes.
const AFTERMATH_S: i64 = 600;

/// Faults from their marks, in the order of their beginnings.
pub fn truths<'a>(marks: impl IntoIterator<Item = (Timestamp, &'a GroundTruthMarked)>) -> Vec<Truth> {
    let mut found: Vec<Truth> = Vec::new();
    for (at, mark) in marks {
        let open = found.iter_mut().find(|truth| truth.asset == mark.asset && truth.fault == mark.fault && truth.to.is_none());
        match open {
            Some(truth) if mark.severity <= 0.0 => truth.to = Some(at),
            None if mark.severity > 0.0 => found.push(Truth { asset: mark.asset.clone(), fault: mark.fault.clone(), from: at, to: None }),
            Some(_) | None => {}
        }
    }
    found
}

/// The cases of a site's facts, in the order in which they were opened.
pub fn cases<'a>(facts: impl IntoIterator<Item = &'a Recorded>) -> Vec<NamedCase> {
    let mut found: BTreeMap<CaseId, NamedCase> = BTreeMap::new();
    let mut about: BTreeMap<EffectId, CaseId> = BTreeMap::new();
    for fact in facts {
        let at = fact.occurred_at;
        match &fact.event {
            Event::EffectWanted(wanted) => _ = wanted.case.map(|case| about.insert(wanted.effect, case)),
            Event::EffectDone(done) => {
                if let Some(known) = about.get(&done.effect).and_then(|case| found.get_mut(case)) {
                    known.told_at = known.told_at.or(Some(at));
                }
            }
            _ => {}
        }
        let Some(case) = fact.stream.as_case() else { continue };
        let opened =
            |asset: &AssetId| NamedCase { case, asset: asset.clone(), alerted_at: None, opened_at: at, cause: None, change: None, told_at: None };
        match &fact.event {
            Event::AlertRaised(alert) => {
                let known = found.entry(case).or_insert_with(|| opened(&alert.asset));
                known.alerted_at = known.alerted_at.or(Some(at));
            }
            Event::DiagnosisRecorded(diagnosis) => {
                let known = found.entry(case).or_insert_with(|| opened(&diagnosis.asset));
                let is_new = known.cause.as_ref().is_none_or(|(cause, _)| *cause != diagnosis.cause);
                if is_new {
                    known.cause = Some((diagnosis.cause.clone(), at));
                }
            }
            Event::ChangeJudged(judged) => found.entry(case).or_insert_with(|| opened(&judged.asset)).change = Some(judged.change),
            _ => {}
        }
    }
    let mut cases: Vec<NamedCase> = found.into_values().collect();
    cases.sort_by_key(|case| (case.opened_at, case.case));
    cases
}

/// Each case with the fault that it names, else with one that was there.
pub fn compare(truths: &[Truth], cases: &[NamedCase], hours: f64) -> FaultReport {
    let judged: Vec<JudgedCase> = cases.iter().map(|case| judge(case, truths, cases)).collect();
    let is_named =
        |truth: &&Truth| judged.iter().any(|case| case.is_right() && case.asset == truth.asset && case.truth.as_ref() == Some(&truth.fault));
    let (named, missed): (Vec<&Truth>, Vec<&Truth>) = truths.iter().partition(is_named);
    FaultReport { faults: truths.len(), named: named.len(), missed: missed.into_iter().cloned().collect(), cases: judged, hours }
}

fn judge(case: &NamedCase, truths: &[Truth], cases: &[NamedCase]) -> JudgedCase {
    let said_at = case.cause.as_ref().map_or(case.opened_at, |(_, at)| *at);
    let was_there = |truth: &&Truth| {
        let ended_before = truth.to.is_some_and(|to| case.opened_at.since(to).num_seconds() > AFTERMATH_S);
        truth.asset == case.asset && truth.from <= said_at && !ended_before
    };
    let names = |truth: &&Truth| case.cause.as_ref().is_some_and(|(cause, _)| *cause == truth.fault);
    let present: Vec<&Truth> = truths.iter().filter(was_there).collect();
    let truth = present.iter().copied().find(names).or_else(|| present.first().copied());
    let alerts = cases.iter().filter(|other| other.asset == case.asset).filter_map(|other| other.alerted_at);
    let seconds = |truth: &Truth, at: Timestamp| at.since(truth.from).num_milliseconds() as f64 / 1e3;
    let first_alert = truth.and_then(|truth| alerts.filter(|at| *at >= truth.from).min().map(|at| seconds(truth, at)));
    let diagnosed = truth.filter(names).map(|truth| seconds(truth, said_at));
    JudgedCase {
        case: case.case,
        asset: case.asset.clone(),
        cause: case.cause.as_ref().map(|(cause, _)| cause.clone()),
        truth: truth.map(|truth| truth.fault.clone()),
        seconds_to_alert: first_alert.or(diagnosed),
        seconds_to_diagnosis: diagnosed,
        seconds_to_message: truth.and_then(|truth| Some(seconds(truth, case.told_at?))),
        change: case.change,
    }
}

impl FaultReport {
    /// Share of cases that name a fault that was there.
    pub fn precision(&self) -> f64 {
        share(self.cases.iter().filter(|case| case.is_right()).count(), self.cases.len())
    }
    /// Share of faults that a case names.
    pub fn recall(&self) -> f64 {
        share(self.named, self.faults)
    }
    /// Cases about nothing.
    pub fn false_cases(&self) -> usize {
        self.cases.iter().filter(|case| case.truth.is_none()).count()
    }
    pub fn false_cases_a_day(&self) -> f64 {
        if self.hours > 0.0 { 24.0 * self.false_cases() as f64 / self.hours } else { 0.0 }
    }
    pub fn median_seconds_to_alert(&self) -> Option<f64> {
        median(self.cases.iter().filter_map(|case| case.seconds_to_alert))
    }
    pub fn median_seconds_to_message(&self) -> Option<f64> {
        median(self.cases.iter().filter_map(|case| case.seconds_to_message))
    }

    pub fn markdown(&self) -> String {
        let mut text = format!(
            "| faults | named | recall | precision | false cases | a day |\n|---|---|---|---|---|---|\n| {} | {} | {:.2} | {:.2} | {} | {:.1} |\n\n| case | asset | cause | truth | s to alert | s to diagnosis | s to message |\n|---|---|---|---|---|---|---|\n",
            self.faults,
            self.named,
            self.recall(),
            self.precision(),
            self.false_cases(),
            self.false_cases_a_day()
        );
        let word = |cause: &Option<CauseId>| cause.as_ref().map_or_else(|| "none".into(), ToString::to_string);
        let seconds = |seconds: Option<f64>| seconds.map_or_else(|| "–".into(), |seconds| format!("{seconds:.0}"));
        for case in &self.cases {
            let [alert, diagnosis, message] = [case.seconds_to_alert, case.seconds_to_diagnosis, case.seconds_to_message].map(seconds);
            let line = writeln!(
                text,
                "| {} | {} | {} | {} | {alert} | {diagnosis} | {message} |",
                case.case,
                case.asset,
                word(&case.cause),
                word(&case.truth)
            );
            line.expect("a String takes every write");
        }
        text + &confusion::of_cases(&self.cases)
    }
}

fn median(seconds: impl Iterator<Item = f64>) -> Option<f64> {
    let mut seconds: Vec<f64> = seconds.collect();
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied()
}

/// Of nothing, all: a quiet run without faults is perfect.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::ids::derived;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(second)
    }
    fn mark(fault: &str, severity: f64) -> GroundTruthMarked {
        GroundTruthMarked { asset: "pump".parse().unwrap(), fault: fault.parse().unwrap(), severity }
    }
    fn case(number: u32, alerted_at: Option<i64>, cause: Option<(&str, i64)>) -> NamedCase {
        let opened_at = at(alerted_at.or(cause.map(|(_, second)| second)).unwrap());
        let cause = cause.map(|(cause, second)| (cause.parse().unwrap(), at(second)));
        NamedCase {
            case: CaseId(derived("case", "test", number)),
            asset: "pump".parse().unwrap(),
            alerted_at: alerted_at.map(at),
            opened_at,
            cause,
            change: None,
            told_at: None,
        }
    }

    #[test]
    fn a_fault_begins_with_its_first_mark_and_ends_with_severity_0() {
        let marks = [mark("clogging", 0.1), mark("clogging", 0.6), mark("clogging", 0.0), mark("clogging", 0.3)];
        let found = truths(marks.iter().zip([10, 20, 30, 40]).map(|(mark, second)| (at(second), mark)));
        assert_eq!(found.iter().map(|truth| (truth.from, truth.to)).collect::<Vec<_>>(), [(at(10), Some(at(30))), (at(40), None)]);
    }

    #[test]
    fn faults_named_by_their_case_count_and_the_others_are_missed() {
        let marks = [mark("clogging", 0.6), mark("sensor_drift", 0.2), mark("noise_burst", 0.5)];
        let truths = truths(marks.iter().zip([900, 2_400, 3_000]).map(|(mark, second)| (at(second), mark)));
        let cases = [case(1, Some(901), Some(("clogging", 916))), case(2, None, Some(("sensor_drift", 2_830)))];
        let report = compare(&truths, &cases, 2.0);
        assert_eq!((report.named, report.recall(), report.precision(), report.false_cases()), (2, 2.0 / 3.0, 1.0, 0));
        assert_eq!(report.missed[0].fault.as_str(), "noise_burst");
        assert_eq!((report.cases[0].seconds_to_alert, report.cases[1].seconds_to_diagnosis), (Some(1.0), Some(430.0)));
    }

    #[test]
    fn a_case_before_any_fault_is_about_nothing_and_one_with_another_name_is_not_right() {
        let marks = [mark("clogging", 0.6)];
        let truths = truths([(at(900), &marks[0])]);
        let report = compare(&truths, &[case(1, Some(300), None), case(2, Some(950), Some(("pipe_burst", 960)))], 12.0);
        assert_eq!((report.false_cases(), report.named, report.precision()), (1, 0, 0.0));
        assert_eq!(report.false_cases_a_day(), 2.0);
        assert_eq!(report.cases[1].truth.as_ref().map(CauseId::as_str), Some("clogging"));
    }
}
