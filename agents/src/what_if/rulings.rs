//! What another policy would have said to the same proposals. Pure.

use chrono::TimeDelta;
use millwright_domain::{
    Event, Timestamp,
    action::Proposal,
    envelope::Recorded,
    ids::{ActionId, AssetId, CauseId},
    policy::{Occasion, Policy},
    ports::rules_trial::OtherRuling,
    site::Site,
    track::{Track, track},
};
use std::collections::BTreeMap;

/// Shown every fact of a site in order, with the state before it.
pub struct Rulings {
    policy: Policy,
    waiting: BTreeMap<ActionId, (Timestamp, OtherRuling)>,
    ended: Vec<OtherRuling>,
    same: usize,
}

impl Rulings {
    pub fn of(policy: Policy) -> Self {
        Self { policy, waiting: BTreeMap::new(), ended: Vec::new(), same: 0 }
    }

    /// `counts` is whether the fact lies in the time that is looked at.
    pub fn see(&mut self, fact: &Recorded, before: &Site, counts: bool) {
        match &fact.event {
            Event::ActionProposed(proposed) if counts => self.proposed(&proposed.proposal, fact, before),
            // Policy's own yes comes with the proposal; only people can be late.
            Event::ActionApproved(approved) => self.answered(approved.action, fact.recorded_at, !approved.by.is_service()),
            Event::ActionRejected(rejected) => self.answered(rejected.action, fact.recorded_at, true),
            Event::ApprovalExpired(expired) => self.answered(expired.action, fact.recorded_at, false),
            _ => {}
        }
    }

    /// Proposals that would have been treated otherwise, and how many would not.
    pub fn finish(mut self) -> (Vec<OtherRuling>, usize) {
        for action in self.waiting.keys().copied().collect::<Vec<_>>() {
            self.answered(action, Timestamp::default(), false);
        }
        self.ended.sort_by_key(|ruling| (ruling.at, ruling.action));
        (self.ended, self.same)
    }

    fn proposed(&mut self, proposal: &Proposal, fact: &Recorded, site: &Site) {
        let Some(case) = fact.stream.as_case() else { return };
        let asset = site.case(case).file().map(|file| file.asset.clone());
        let after = match &asset {
            Some(asset) => {
                let track = self.track(proposal, asset, site.case(case).file().and_then(|file| file.cause()), site);
                self.policy.ruling_on(&proposal.name, &Occasion { asset, at: fact.recorded_at, track })
            }
            None => self.policy.ruling(&proposal.name),
        };
        let ruling = OtherRuling {
            at: fact.recorded_at,
            case,
            action: proposal.action,
            name: proposal.name.clone(),
            asset,
            before: proposal.ruling,
            after,
            risk_before: proposal.risk,
            risk_after: self.policy.risk_of(&proposal.name),
            answer_too_late: false,
        };
        let until = fact.recorded_at + TimeDelta::seconds(self.policy.approval_expires_after_s.into());
        self.waiting.insert(proposal.action, (until, ruling));
    }

    /// Counted over all closed cases, so only where the policy asks for it.
    fn track(&self, proposal: &Proposal, asset: &AssetId, cause: Option<&CauseId>, site: &Site) -> Track {
        let counts = self.policy.exceptions.iter().any(|exception| exception.action == proposal.name && exception.track_record.is_some());
        let class = site.plant.as_ref().and_then(|plant| plant.asset(asset)).map(|asset| &asset.class);
        match (cause, class) {
            (Some(cause), Some(class)) if counts => track(site, cause, class, &proposal.name),
            _ => Track::default(),
        }
    }

    fn answered(&mut self, action: ActionId, at: Timestamp, by_a_person: bool) {
        let Some((until, mut ruling)) = self.waiting.remove(&action) else { return };
        ruling.answer_too_late = by_a_person && at > until;
        let differs = ruling.before != ruling.after || ruling.risk_before != ruling.risk_after || ruling.answer_too_late;
        if differs {
            self.ended.push(ruling);
        } else {
            self.same += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::{chain::StoredRecord, codec::decode, policy::Ruling, ports::event_log::EventLog};
    use millwright_projections::testing::{MemoryLog, Recorder, road};

    async fn under(policy: Policy) -> (Vec<OtherRuling>, usize) {
        let log = MemoryLog::default();
        let mut recorder = Recorder::on(&log, &road::site());
        road::described(&mut recorder);
        let proposal = road::awaiting(&mut recorder, road::case(1));
        road::finished(&mut recorder, road::case(1), &proposal, millwright_domain::case::Outcome::Repaired);
        let page = log.read_ledger(&recorder.partition, 0, 1_000).await.unwrap();
        let (mut rulings, mut site) = (Rulings::of(policy), Site::default());
        for (_, StoredRecord { bytes, .. }) in page.iter() {
            let fact = decode(bytes).unwrap();
            rulings.see(&fact, &site, true);
            site.evolve_recorded(&fact);
        }
        rulings.finish()
    }

    #[tokio::test]
    async fn the_same_policy_rules_the_same() {
        assert_eq!(under(road::policy()).await, (vec![], 1));
    }

    #[tokio::test]
    async fn what_asked_a_person_would_run_by_itself_or_never() {
        let mut freer = road::policy();
        freer.auto_approve.extend(std::mem::take(&mut freer.require_approval));
        let mut stricter = road::policy();
        stricter.never.extend(std::mem::take(&mut stricter.require_approval));
        for (policy, after) in [(freer, Ruling::AutoApprove), (stricter, Ruling::Never)] {
            let (rulings, same) = under(policy).await;
            assert_eq!((rulings.len(), same, rulings[0].before, rulings[0].after), (1, 0, Ruling::RequireApproval, after));
            assert_eq!(rulings[0].asset, Some("pump-1".parse().unwrap()));
        }
    }

    #[tokio::test]
    async fn a_yes_that_came_in_time_would_have_come_too_late() {
        let hasty = Policy { approval_expires_after_s: 0, ..road::policy() };
        let (rulings, _) = under(hasty).await;
        assert!(rulings[0].answer_too_late && rulings[0].after == Ruling::RequireApproval, "{rulings:?}");
    }
}
