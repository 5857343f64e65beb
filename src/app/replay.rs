//! A site's state as of a time or a seq, folded from the log; two times compared; and in words what other rules or another policy would have said.

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use millwright_domain::{
    Timestamp,
    case::{Case, CaseFile},
    codec::decode,
    ids::CaseId,
    ports::{
        event_log::EventLog,
        rules_trial::{Fit, OtherRuling, Tried, Verdict},
    },
    position::PartitionId,
    site::Site,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

/// Where to stop. Both may be open.
pub struct Until {
    pub as_of: Option<Timestamp>,
    pub seq: Option<u64>,
}

/// One answer, for programs and for people.
pub struct Replayed {
    pub json: Value,
    pub text: String,
}

/// Facts asked of the log at a time.
const PAGE: usize = 4_096;

pub async fn only_site(log: &dyn EventLog) -> Result<PartitionId> {
    let head = log.head().await?;
    let sites: Vec<&PartitionId> = head.partitions().map(|(partition, _)| partition).filter(|partition| partition.as_site().is_some()).collect();
    match sites[..] {
        [only] => Ok(only.clone()),
        [] => bail!("there is no site on this log"),
        _ => bail!(
            "there are several sites on this log, name one with --site: {}",
            sites.iter().map(|site| site.name()).collect::<Vec<_>>().join(", ")
        ),
    }
}

pub async fn state(log: &dyn EventLog, partition: &PartitionId, until: Until, bar: &ProgressBar) -> Result<Replayed> {
    let mut site = Site::default();
    let next = fold_on(log, partition, &mut site, 0, &until, bar).await?;
    bar.finish_and_clear();
    Ok(Replayed { json: site_json(partition, next, &site), text: site_text(partition, next, &site) })
}

/// Folds on from a seq; the seq behind the last fact taken in.
async fn fold_on(log: &dyn EventLog, partition: &PartitionId, site: &mut Site, from: u64, until: &Until, bar: &ProgressBar) -> Result<u64> {
    let end = log.head().await?.next(partition).min(until.seq.unwrap_or(u64::MAX));
    bar.set_length(end);
    let mut next = from;
    'pages: while next < end {
        let page = log.read_ledger(partition, next, PAGE).await?;
        for (seq, stored) in page.iter() {
            let fact = decode(&stored.bytes).with_context(|| format!("{partition} seq {seq}"))?;
            if seq >= end || until.as_of.is_some_and(|as_of| fact.recorded_at > as_of) {
                break 'pages;
            }
            site.evolve_recorded(&fact);
            next = seq + 1;
        }
        bar.set_position(next);
    }
    bar.set_length(next);
    bar.set_position(next);
    Ok(next)
}

fn cases(site: &Site) -> Vec<(&CaseId, &CaseFile, String)> {
    let mut cases: Vec<_> = site
        .cases
        .iter()
        .filter_map(|(id, case)| match case {
            Case::Unopened => None,
            Case::Open(file) => Some((id, file, file.stage().to_string())),
            Case::Closed(file, outcome) => Some((id, file, format!("closed: {outcome:?}"))),
        })
        .collect();
    cases.sort_by_key(|(id, file, _)| (file.opened_at, **id));
    cases
}

fn site_json(partition: &PartitionId, next: u64, site: &Site) -> Value {
    let cases: Vec<Value> = cases(site)
        .into_iter()
        .map(|(id, file, stage)| {
            let actions: Vec<Value> =
                file.actions.values().map(|action| json!({"id": action.proposal().action, "name": action.proposal().name, "stage": action.stage()})).collect();
            json!({"id": id, "asset": file.asset, "stage": stage, "cause": file.cause(), "alerts": file.alerts, "opened_at": file.opened_at.to_string(), "actions": actions})
        })
        .collect();
    json!({
        "partition": partition,
        "facts": next,
        "kill_switch": site.kill_switch.as_ref().map(|engaged| &engaged.by),
        "locked_out": site.locked_out.keys().collect::<Vec<_>>(),
        "cases": cases,
        "budgets": site.budgets.iter().map(|(scope, account)| json!({"scope": scope, "limits": account.limits, "open_reservations": account.open.len()})).collect::<Vec<_>>(),
        "baselines": site.baseline_versions.len(),
        "unknown_facts": site.unknown,
    })
}

fn site_text(partition: &PartitionId, next: u64, site: &Site) -> String {
    let mut text = String::new();
    let mut say = |line: std::fmt::Arguments<'_>| writeln!(text, "{line}").expect("a String takes every write");
    say(format_args!("{partition} after {next} facts ({} of unknown types)", site.unknown));
    if let Some(engaged) = &site.kill_switch {
        say(format_args!("KILL SWITCH engaged by {}", engaged.by));
    }
    site.locked_out.values().for_each(|lock| say(format_args!("{} locked out by {}", lock.asset, lock.by)));
    for (id, file, stage) in cases(site) {
        let cause = file.cause().map_or("no diagnosis", |cause| cause.as_str());
        say(format_args!("case {id} on {}: {cause}, {stage}, {} alerts since {}", file.asset, file.alerts, file.opened_at));
        for action in file.actions.values() {
            say(format_args!("  action {} {}: {}", action.proposal().action, action.proposal().name, action.stage()));
        }
    }
    text
}

/// Two times of a site, held against each other.
pub async fn compared(log: &dyn EventLog, partition: &PartitionId, [from, to]: [Timestamp; 2], bar: &ProgressBar) -> Result<Replayed> {
    let at = |as_of| Until { as_of: Some(as_of), seq: None };
    let mut site = Site::default();
    let next = fold_on(log, partition, &mut site, 0, &at(from), bar).await?;
    let before = standing(&site);
    let next = fold_on(log, partition, &mut site, next, &at(to), bar).await?;
    let after = standing(&site);
    bar.finish_and_clear();
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differs: Vec<_> =
        names.into_iter().map(|name| (name, before.get(name), after.get(name))).filter(|(_, before, after)| before != after).collect();
    let json: Vec<Value> = differs.iter().map(|(name, before, after)| json!({"what": name, "before": before, "after": after})).collect();
    let word = |stage: Option<&String>| stage.map_or("-", |stage| stage.as_str()).to_string();
    let lines = differs.iter().map(|(name, before, after)| format!("{name}: {} -> {}\n", word(*before), word(*after)));
    let text: String = lines.chain([format!("{} differ between {from} and {to}\n", differs.len())]).collect();
    Ok(Replayed { json: json!({"partition": partition, "facts": next, "from": from.to_string(), "to": to.to_string(), "differences": json}), text })
}

/// Each thing that has a standing, and its standing in a word.
fn standing(site: &Site) -> BTreeMap<String, String> {
    let mut standing = BTreeMap::new();
    for (id, file, stage) in cases(site) {
        standing.insert(format!("case {id} on {}", file.asset), stage);
        for action in file.actions.values() {
            standing.insert(format!("action {} {}", action.proposal().action, action.proposal().name), action.stage().to_string());
        }
    }
    if let Some(engaged) = &site.kill_switch {
        standing.insert("kill switch".into(), format!("engaged by {}", engaged.by));
    }
    for lock in site.locked_out.values() {
        standing.insert(format!("lock-out of {}", lock.asset), format!("by {}", lock.by));
    }
    for (scope, account) in &site.budgets {
        standing.insert(format!("budget {scope}"), format!("{} open reservations", account.open.len()));
    }
    standing
}

/// Of what was asked for: other rules, with what is learned for so many seconds before it is judged, another policy, or both.
pub fn trial_text(tried: &Tried, rules_learning_s: Option<u32>, policy: bool) -> String {
    let rules = rules_learning_s.map(|learning_s| rules_text(tried, learning_s));
    let ruled = format!("{} proposals would have been ruled on otherwise, {} the same\n", tried.rulings.len(), tried.same_rulings);
    let rulings = policy.then(|| tried.rulings.iter().map(ruling_line).chain([ruled]).collect::<String>());
    rules.into_iter().chain(rulings).collect()
}

fn rules_text(tried: &Tried, learning_s: u32) -> String {
    let line = |sign: char, said: &Verdict| match said.confidence {
        Some(confidence) => format!("{sign} {} diagnosis of {}: {} ({:.0} %)\n", said.at, said.asset, said.what, confidence * 100.0),
        None => format!("{sign} {} alert on {} by {}\n", said.at, said.asset, said.what),
    };
    let gone = tried.only_before.iter().map(|said| line('-', said));
    let new = tried.only_after.iter().map(|said| line('+', said));
    let reach = match tried.reaches_back_to {
        Some(first) => format!("readings reach back to {first}\n"),
        None => "no readings were looked at\n".into(),
    };
    let counts = format!("{} gone, {} new, {} the same\n", tried.only_before.len(), tried.only_after.len(), tried.same);
    gone.chain(new).chain([reach, counts, scores(tried), otherwise_learned(tried, learning_s)]).collect()
}

/// Where the times differ by more than a scan here or there.
fn otherwise_learned(tried: &Tried, learning_s: u32) -> String {
    match tried.learned_in_s {
        Some(took) if took.abs_diff(i64::from(learning_s)) > u64::from(learning_s / 10) => format!(
            "NOTE normal was learned in {took} s when these readings came, and is in {learning_s} s here, so other readings were judged; \
             for the same ones set MILLWRIGHT_MONITOR__LEARNING_S={took}\n"
        ),
        _ => String::new(),
    }
}

fn ruling_line(ruling: &OtherRuling) -> String {
    let OtherRuling { at, name, before, after, risk_before, risk_after, answer_too_late, .. } = ruling;
    let late = if *answer_too_late { "; the answer would have come too late" } else { "" };
    format!("~ {at} {name}: {before:?} at {risk_before:?} risk -> {after:?} at {risk_after:?} risk{late}\n")
}

/// Held against what people found, where they said so.
fn scores(tried: &Tried) -> String {
    if tried.known_ends == 0 {
        return "no case has an outcome by a person yet, so nothing says which rules are better\n".into();
    }
    let line = |name: &str, fit: Fit| {
        let Fit { hits, misses, wrong, false_alarms } = fit;
        format!(
            "{name}: {hits} of {} confirmed causes named, {wrong} cases with another cause named, {false_alarms} false alarms raised again\n",
            hits + misses
        )
    };
    format!("of {} cases that people have judged\n{}{}", tried.known_ends, line("  before", tried.before), line("  after ", tried.after))
}
