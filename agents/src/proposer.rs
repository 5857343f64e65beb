//! On DiagnosisRecorded, propose what it suggests, what has helped before first: at most one write for each kind of setpoint, and every message.

use crate::{
    checkpoint::{self, CannotGoOn},
    insist::{insist, reaction_id, service},
    site_tail::SiteTail,
};
use millwright_commands::{Ask, Commands, ProposeAction};
use millwright_domain::{
    Event,
    case::DiagnosisRecorded,
    envelope::{Answer, Recorded},
    ids::ActionName,
    policy::{ActionSpec, Policy},
    ports::{clock::Clock, event_log::EventLog},
    position::PartitionId,
    quantity::QuantityKind,
    site::Site,
    track::ranked,
};
use std::{collections::BTreeSet, path::PathBuf, sync::Arc};
use tokio_util::sync::CancellationToken;

pub struct Proposer {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    /// Where it keeps how far it has come.
    pub checkpoint: PathBuf,
}

impl Proposer {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), CannotGoOn> {
        let seen = checkpoint::load(&self.checkpoint)?.unwrap_or(0);
        let mut tail = SiteTail::at(self.log.clone(), self.partition.clone(), seen).await?;
        loop {
            let facts = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                facts = tail.next() => facts?,
            };
            let mut reacted = false;
            for fact in &facts {
                if let Event::DiagnosisRecorded(diagnosis) = &fact.event {
                    self.propose(&tail.site, fact, diagnosis, &stop).await;
                    reacted = true;
                }
            }
            if stop.is_cancelled() {
                return Ok(());
            }
            if reacted {
                checkpoint::save(&self.checkpoint, &tail.position())?;
            }
        }
    }

    async fn propose(&self, site: &Site, fact: &Recorded, diagnosis: &DiagnosisRecorded, stop: &CancellationToken) {
        let Some(case) = fact.stream.as_case() else { return };
        let class = site.plant.as_ref().and_then(|plant| plant.asset(&diagnosis.asset)).map_or("", |asset| &asset.class);
        let suggests = ranked(site, &diagnosis.cause, class, &diagnosis.suggests);
        for (number, name) in (0..).zip(worth_proposing(&site.policy, &suggests)) {
            let command = ProposeAction { case, name: name.clone(), because: fact.id };
            let ask = Ask::new(service("svc-diagnosis"), command).with_id(reaction_id(fact.id, "propose", number)).because_of(fact.id);
            let answered = insist(&self.commands, &*self.clock, &self.partition, ask, stop).await;
            if let Some(Answer::Refused { reason, .. }) = answered.map(|answered| answered.answer) {
                tracing::info!(%case, action = %name, reason, "{name} was not proposed for case {case}");
            }
        }
    }
}

/// The suggestions in order, less the writes that a better one would make superfluous.
fn worth_proposing<'a>(policy: &Policy, suggests: &'a [ActionName]) -> Vec<&'a ActionName> {
    let mut written: BTreeSet<QuantityKind> = BTreeSet::new();
    let first_of_its_kind = |name: &&ActionName| match policy.actions.get(*name) {
        Some(ActionSpec::Write(write)) => written.insert(write.kind),
        Some(ActionSpec::Message(_)) | None => true,
    };
    suggests.iter().filter(first_of_its_kind).collect()
}
