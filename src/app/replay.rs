//! A site's state as of a time or a seq, folded from the log; and what other rules would have said to the same readings.

use crate::{configured, settings::Settings};
use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use millwright_agents::{
    fact_tail::FactTail,
    what_if::{Difference, KnownEnds, Said, Score, WhatIf},
};
use millwright_domain::{
    Timestamp,
    case::{Case, CaseFile},
    codec::decode,
    ids::CaseId,
    ports::event_log::EventLog,
    position::{Lane, PartitionId},
    site::Site,
};
use serde_json::{Value, json};
use std::{fmt::Write, path::Path, sync::Arc};

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

/// Facts or scans asked of the log at a time.
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
    let end = log.head().await?.next(partition).min(until.seq.unwrap_or(u64::MAX));
    bar.set_length(end);
    let mut site = Site::default();
    let mut next = 0;
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
    bar.finish_and_clear();
    Ok(Replayed { json: site_json(partition, next, &site), text: site_text(partition, next, &site) })
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

/// Runs the configured and the new rules over the same recorded readings.
pub async fn with_rules(log: Arc<dyn EventLog>, partition: &PartitionId, rules: &Path, settings: &Settings, bar: &ProgressBar) -> Result<Replayed> {
    let site_id = partition.as_site().context("only a site has readings")?;
    let mut ends = KnownEnds::default();
    let mut site = Site::default();
    FactTail::seen_to_the_end(log.clone(), partition.clone(), |fact| {
        ends.see(fact);
        site.evolve_recorded(fact);
    })
    .await?;
    let ends = ends.on(&site);
    let plant = site.plant.with_context(|| format!("{partition} was never described"))?;
    let (old, new) = (configured::rules(&settings.rules)?, if rules.is_dir() { configured::rules(rules)? } else { configured::rule_file(rules)? });
    let mut comparison = WhatIf::new(&plant, (old, settings.monitor), (new, settings.monitor));
    let head = log.head().await?;
    let lanes: Vec<(PartitionId, u64)> =
        head.partitions().filter(|(partition, _)| partition.lane() == Lane::Readings).map(|(partition, end)| (partition.clone(), end)).collect();
    bar.set_length(lanes.iter().map(|(_, end)| end).sum());
    for (lane, end) in lanes {
        let mut next = 0;
        while next < end {
            let page = log.read_readings(&lane, next, PAGE).await?;
            if page.is_empty() {
                break;
            }
            page.iter().filter(|(_, scan)| scan.site == site_id).for_each(|(_, scan)| comparison.observe(scan));
            bar.inc(page.next() - next);
            next = page.next();
        }
    }
    bar.finish_and_clear();
    let difference = comparison.finish(&ends);
    Ok(Replayed { json: serde_json::to_value(&difference)?, text: difference_text(&difference) })
}

fn difference_text(difference: &Difference) -> String {
    let line = |sign: char, said: &Said| match said {
        Said::Alert { at, alert } => format!("{sign} {at} alert on {} by {} ({:?})\n", alert.asset, alert.detector, alert.severity),
        Said::Diagnosis { at, asset, cause, confidence, .. } => format!("{sign} {at} diagnosis of {asset}: {cause} ({:.0} %)\n", confidence * 100.0),
    };
    let gone = difference.only_before.iter().map(|said| line('-', said));
    let new = difference.only_after.iter().map(|said| line('+', said));
    let changes: String = gone.chain(new).collect();
    let counts = format!("{} gone, {} new, {} the same\n", difference.only_before.len(), difference.only_after.len(), difference.same);
    format!("{changes}{counts}{}", scores(difference))
}

/// Held against what people found, where they said so.
fn scores(difference: &Difference) -> String {
    if difference.known_ends == 0 {
        return "no case has an outcome by a person yet, so nothing says which rules are better\n".into();
    }
    let line = |name: &str, score: Score| {
        let Score { hits, misses, wrong, false_alarms } = score;
        format!(
            "{name}: {hits} of {} confirmed causes named, {wrong} cases with another cause named, {false_alarms} false alarms raised again\n",
            hits + misses
        )
    };
    format!(
        "of {} cases that people have judged\n{}{}",
        difference.known_ends,
        line("  before", difference.before),
        line("  after ", difference.after)
    )
}
