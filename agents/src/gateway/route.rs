//! Which deployments may answer a question, and in what order: policy, then ability, health, price and latency. Pure; says why each other one may not.

use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    ids::{DeploymentName, ModelClass},
    model_call::{Capability, Considered, Deployment, ModelPolicy, NanoDollars, Price, Skipped, Verdict},
};
use std::collections::BTreeSet;

/// One that takes so many times as long as the quickest is not balanced with it.
const SLOW: i32 = 2;

/// What a question asks of a deployment.
pub struct Demand<'a> {
    pub class: &'a ModelClass,
    pub needs: &'a BTreeSet<Capability>,
    pub policy: &'a ModelPolicy,
    /// At most, in tokens.
    pub input: u64,
    pub output: u32,
}

pub struct Candidate<'a> {
    pub deployment: &'a Deployment,
    pub standing: Standing,
    pub price: Option<Price>,
    /// How long it has taken lately.
    pub latency: Option<TimeDelta>,
}

/// Whether it is to be tried at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Well,
    LeftAlone(Timestamp),
    BeingProbed,
}

/// A verdict for each, in the order in which they came. `draw` is any number, and shares the load.
pub fn route(demand: &Demand<'_>, candidates: &[Candidate<'_>], now: Timestamp, draw: u64) -> Vec<Considered> {
    let verdicts: Vec<Option<Skipped>> = candidates.iter().map(|candidate| skipped(demand, candidate, now)).collect();
    let mut fit: Vec<&Candidate<'_>> = candidates.iter().zip(&verdicts).filter(|(_, skipped)| skipped.is_none()).map(|(fit, _)| fit).collect();
    let order = ordered(demand, &mut fit, draw);
    let place = |name: &DeploymentName| order.iter().position(|chosen| chosen == name).map_or(0, |at| at as u32 + 1);
    let verdict = |(candidate, skipped): (&Candidate<'_>, Option<Skipped>)| {
        let deployment = candidate.deployment.name.clone();
        Considered { verdict: skipped.map_or_else(|| Verdict::Chosen(place(&deployment)), Verdict::Skipped), deployment }
    };
    candidates.iter().zip(verdicts).map(verdict).collect()
}

/// Those that are to be tried, the first one first.
pub fn chosen(considered: &[Considered]) -> Vec<&DeploymentName> {
    let place = |considered: &Considered| if let Verdict::Chosen(place) = considered.verdict { Some(place) } else { None };
    let mut chosen: Vec<(u32, &DeploymentName)> = considered.iter().filter_map(|one| Some((place(one)?, &one.deployment))).collect();
    chosen.sort();
    chosen.into_iter().map(|(_, name)| name).collect()
}

fn skipped(demand: &Demand<'_>, candidate: &Candidate<'_>, now: Timestamp) -> Option<Skipped> {
    let deployment = candidate.deployment;
    if demand.policy.allowed.as_ref().is_some_and(|allowed| !allowed.contains(&deployment.name)) {
        return Some(Skipped::NotAllowed);
    }
    if demand.policy.local_only && !deployment.is_local {
        return Some(Skipped::LeavesTheHouse);
    }
    if deployment.class != *demand.class {
        return Some(Skipped::OtherClass { class: deployment.class.clone() });
    }
    if let Some(capability) = demand.needs.difference(&deployment.can).next() {
        return Some(Skipped::Lacks { capability: *capability });
    }
    let needs = demand.input.saturating_add(demand.output.into());
    if needs > deployment.context || demand.output > deployment.most_output {
        return Some(Skipped::TooSmall { needs, has: deployment.context.min(demand.input.saturating_add(deployment.most_output.into())) });
    }
    match candidate.standing {
        Standing::LeftAlone(until) if until > now => return Some(Skipped::LeftAlone { until }),
        Standing::BeingProbed => return Some(Skipped::BeingProbed),
        Standing::LeftAlone(_) | Standing::Well => {}
    }
    candidate.price.is_none().then_some(Skipped::NoPrice)
}

/// Preferred, then cheap, then quick; what costs the same and is about as quick shares the load by weight.
fn ordered(demand: &Demand<'_>, fit: &mut Vec<&Candidate<'_>>, draw: u64) -> Vec<DeploymentName> {
    let cost = |candidate: &Candidate<'_>| candidate.price.map_or(NanoDollars(i64::MAX), |price| price.most(demand.input, demand.output.into()));
    let is_preferred = |candidate: &Candidate<'_>| demand.policy.preferred.as_ref() == Some(&candidate.deployment.name);
    let mut order = Vec::with_capacity(fit.len());
    let mut draw = draw;
    while !fit.is_empty() {
        let first = fit.iter().map(|candidate| (!is_preferred(candidate), cost(candidate))).min();
        let group: Vec<&Candidate<'_>> = fit.iter().copied().filter(|candidate| Some((!is_preferred(candidate), cost(candidate))) == first).collect();
        let quickest = group.iter().filter_map(|candidate| candidate.latency).min();
        // One that has not been asked lately gets its chance.
        let is_quick = |candidate: &Candidate<'_>| candidate.latency.zip(quickest).is_none_or(|(latency, quickest)| latency <= quickest * SLOW);
        let quick: Vec<&Candidate<'_>> = group.into_iter().filter(|candidate| is_quick(candidate)).collect();
        draw = mixed(draw);
        let Some(taken) = drawn(&quick, draw) else { break };
        order.push(taken.clone());
        fit.retain(|candidate| candidate.deployment.name != taken);
    }
    order
}

fn drawn(group: &[&Candidate<'_>], draw: u64) -> Option<DeploymentName> {
    let total: u64 = group.iter().map(|candidate| u64::from(candidate.deployment.weight)).sum();
    let mut at = draw % total.max(1);
    for candidate in group {
        let weight = u64::from(candidate.deployment.weight);
        if at < weight {
            return Some(candidate.deployment.name.clone());
        }
        at -= weight;
    }
    group.first().map(|candidate| candidate.deployment.name.clone())
}

/// SplitMix64: numbers next to each other become such that are not.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::testing::deployment;
    use proptest::prelude::*;

    fn priced(dollars: i64) -> Option<Price> {
        let price = NanoDollars(dollars * 1_000_000_000);
        Some(Price { input: price, output: price, ..Price::default() })
    }
    fn well(deployment: &Deployment, dollars: i64) -> Candidate<'_> {
        Candidate { deployment, standing: Standing::Well, price: priced(dollars), latency: None }
    }
    fn routed(policy: &ModelPolicy, needs: &[Capability], candidates: &[Candidate<'_>], draw: u64) -> Vec<Considered> {
        let (class, needs) = ("standard".parse().unwrap(), needs.iter().copied().collect());
        route(&Demand { class: &class, needs: &needs, policy, input: 1_000, output: 500 }, candidates, Timestamp::from_secs(100), draw)
    }
    fn names(considered: &[Considered]) -> Vec<&str> {
        chosen(considered).into_iter().map(DeploymentName::as_str).collect()
    }

    #[test]
    fn each_one_that_is_passed_over_is_told_why() {
        let mut all = ["a", "b", "c", "d", "e", "f", "g", "h"].map(deployment);
        all[1].is_local = false;
        all[2].class = "strong".parse().unwrap();
        all[3].can.clear();
        all[4].context = 1_499;
        let mut candidates: Vec<Candidate<'_>> = all.iter().map(|deployment| well(deployment, 1)).collect();
        candidates[5].standing = Standing::LeftAlone(Timestamp::from_secs(101));
        candidates[6].standing = Standing::BeingProbed;
        candidates[7].price = None;
        let allowed = Some(["b", "c", "d", "e", "f", "g", "h"].iter().map(|name| name.parse().unwrap()).collect());
        let policy = ModelPolicy { local_only: true, allowed, preferred: None };
        let considered = routed(&policy, &[Capability::Tools], &candidates, 1);
        let why: Vec<Skipped> =
            considered.into_iter().filter_map(|one| if let Verdict::Skipped(why) = one.verdict { Some(why) } else { None }).collect();
        assert_eq!(
            why,
            [
                Skipped::NotAllowed,
                Skipped::LeavesTheHouse,
                Skipped::OtherClass { class: "strong".parse().unwrap() },
                Skipped::Lacks { capability: Capability::Tools },
                Skipped::TooSmall { needs: 1_500, has: 1_499 },
                Skipped::LeftAlone { until: Timestamp::from_secs(101) },
                Skipped::BeingProbed,
                Skipped::NoPrice,
            ]
        );
    }

    #[test]
    fn the_preferred_one_is_first_then_the_cheap_then_the_quick() {
        let all = ["dear", "slow", "quick", "preferred"].map(deployment);
        let mut candidates = vec![well(&all[0], 9), well(&all[1], 1), well(&all[2], 1), well(&all[3], 5)];
        candidates[1].latency = Some(TimeDelta::milliseconds(900));
        candidates[2].latency = Some(TimeDelta::milliseconds(300));
        let policy = ModelPolicy { preferred: Some("preferred".parse().unwrap()), ..ModelPolicy::default() };
        for draw in 0..50 {
            assert_eq!(names(&routed(&policy, &[], &candidates, draw)), ["preferred", "quick", "slow", "dear"]);
        }
    }

    #[test]
    fn the_same_price_shares_the_load_by_weight() {
        let mut all = ["one", "three"].map(deployment);
        all[1].weight = 3;
        let candidates = [well(&all[0], 1), well(&all[1], 1)];
        let policy = ModelPolicy::default();
        let firsts = (0..4_000).filter(|draw| names(&routed(&policy, &[], &candidates, *draw))[0] == "three").count();
        assert!((2_850..3_150).contains(&firsts), "{firsts} of 4000");
    }

    proptest! {
        #[test]
        fn whoever_is_chosen_may_be_and_nobody_is_lost(draw: u64, local: bool, kinds in proptest::collection::vec((0..5u8, 0..4i64, any::<bool>()), 1..8)) {
            let mut all: Vec<Deployment> = (0..kinds.len()).map(|at| deployment(&format!("d{at}"))).collect();
            for (deployment, (kind, _, is_local)) in all.iter_mut().zip(&kinds) {
                deployment.is_local = *is_local;
                if *kind == 0 { deployment.class = "strong".parse().unwrap(); }
            }
            let mut candidates: Vec<Candidate<'_>> = all.iter().zip(&kinds).map(|(deployment, (_, dollars, _))| well(deployment, *dollars)).collect();
            for (candidate, (kind, ..)) in candidates.iter_mut().zip(&kinds) {
                if *kind == 1 { candidate.standing = Standing::BeingProbed; }
                if *kind == 2 { candidate.price = None; }
            }
            let considered = routed(&ModelPolicy { local_only: local, ..ModelPolicy::default() }, &[], &candidates, draw);
            prop_assert_eq!(considered.len(), all.len());
            let mut costs = vec![];
            for name in names(&considered) {
                let at = all.iter().position(|deployment| deployment.name.as_str() == name).unwrap();
                prop_assert!(kinds[at].0 > 2 && (!local || all[at].is_local));
                costs.push(kinds[at].1);
            }
            prop_assert!(costs.is_sorted());
        }
    }
}
