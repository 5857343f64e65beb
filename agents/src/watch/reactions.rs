//! What follows from a scan: each finding asked for as a command whose id depends on nothing but the finding.

use super::{Stopped, Watch, followed::Followed};
use crate::{
    diagnosis::Naming,
    insist::{insist, reaction_id, service},
    monitor::{AssetFeatures, Finding, Judgement, Leaning, judge_change},
};
use chrono::TimeDelta;
use millwright_commands::{Ask, ClearAlarm, Command, JudgeChange, LearnBaseline, ProposeRelearning, RaiseAlert, RecordDiagnosis, RecordOutcome};
use millwright_domain::{
    Timestamp,
    action::Action,
    baseline::BaselineLearned,
    case::{AlertRaised, CaseFile},
    change::ChangeKind,
    envelope::Answer,
    ids::{AssetId, CaseId, CommandId},
    position::PartitionId,
    reading::Scan,
    site::Site,
};
use tokio_util::sync::CancellationToken;

pub(super) struct Reactions<'a> {
    pub watch: &'a Watch,
    pub site: &'a Site,
    pub stop: &'a CancellationToken,
}

impl Reactions<'_> {
    pub async fn observe(&self, followed: &mut Followed, scan: &Scan) -> Result<(), Stopped> {
        let mut found = Vec::new();
        followed.apply(self.site, scan.scanned_at.min(scan.received_at), &mut found);
        followed.monitor.observe(scan, &mut found);
        for finding in found {
            match finding {
                Finding::BaselineLearned { at, fact } => self.learn(at, fact).await?,
                Finding::Alert { at, raised } => self.raise(followed, at, raised).await?,
                Finding::Features(features) => self.diagnose(followed, &features).await?,
                Finding::Cleared { at, asset, detector } => {
                    let id = self.id(&asset, at, &format!("{detector}/cleared"));
                    self.ask("svc-monitor", id, at, None, ClearAlarm { asset, detector: detector.as_str().into() }).await?;
                }
                Finding::RelearningDue { at, asset, after } => self.propose_relearning(at, asset, after).await?,
            }
        }
        self.look_for_recovery(followed, scan.scanned_at.min(scan.received_at)).await
    }

    async fn learn(&self, at: Timestamp, baseline: BaselineLearned) -> Result<(), Stopped> {
        let id = self.id(&baseline.signal, at, "baseline");
        self.ask("svc-monitor", id, at, None, LearnBaseline { baseline }).await?;
        Ok(())
    }

    async fn propose_relearning(&self, at: Timestamp, asset: AssetId, after: TimeDelta) -> Result<(), Stopped> {
        let because = format!("its setpoints have been outside what was learned for {} minutes, and nothing is wrong", after.num_minutes());
        let id = self.id(&asset, at, "relearning");
        self.ask("svc-monitor", id, at, None, ProposeRelearning { asset, because }).await?;
        Ok(())
    }

    async fn raise(&self, followed: &mut Followed, at: Timestamp, alert: AlertRaised) -> Result<(), Stopped> {
        let asset = alert.asset.clone();
        let id = self.id(&asset, at, &alert.detector);
        let answer = self.ask("svc-monitor", id, at, None, RaiseAlert { alert }).await?;
        if let Some(case) = subject(&answer) {
            let known = followed.asset(&asset);
            if known.case != Some(case) {
                (known.case, known.leaning) = (Some(case), Leaning::default());
            }
        }
        Ok(())
    }

    async fn diagnose(&self, followed: &mut Followed, features: &AssetFeatures) -> Result<(), Stopped> {
        let rules = self.watch.rules.in_force();
        let asset = followed.asset(&features.asset);
        // Without a case there is nothing to say a cause of; the alert that opens one comes with features of its own.
        let Some(case) = asset.case else { return Ok(()) };
        let judgement = judge_change(features);
        // A machine that was just told to run otherwise does: that says nothing of why it had to be told.
        let is_our_own = judgement.change == ChangeKind::Regime && self.site.case(case).file().is_some_and(|file| file.acted_at().is_some());
        let leaning = if is_our_own { None } else { asset.leaning.lean(judgement) };
        if let Some(Judgement { change, because, evidence }) = leaning {
            let id = self.id(&features.asset, features.at, "change");
            self.ask("svc-diagnosis", id, features.at, Some(case), JudgeChange { case, change, because, evidence }).await?;
        }
        let asset = followed.asset(&features.asset);
        for naming in asset.nominations.consider(&rules, features) {
            self.record(followed, case, &rules.signature(), features, naming).await?;
        }
        Ok(())
    }

    async fn record(&self, followed: &mut Followed, case: CaseId, by: &str, features: &AssetFeatures, naming: Naming) -> Result<(), Stopped> {
        let cause = naming.diagnosis.cause.clone();
        let asset = followed.asset(&features.asset);
        let revised = naming.instead_of.iter().find_map(|old| asset.named.remove(old));
        let known = asset.named.get(&cause).copied();
        let diagnosis = naming.diagnosis.fact(&features.asset, by.into());
        let command = RecordDiagnosis { case: revised.or(known).unwrap_or(case), diagnosis, revises: revised.is_some() };
        let id = self.id(&features.asset, features.at, cause.as_str());
        let about = command.case;
        match self.ask("svc-diagnosis", id, features.at, Some(about), command).await? {
            // It was closed meanwhile: if the cause is seen in another case, it is news there.
            Answer::Refused { .. } => asset.forget(&cause),
            answer => {
                asset.named.insert(cause, subject(&answer).unwrap_or(about));
            }
        }
        Ok(())
    }

    /// Now and then, for each open case that readings could have something to say about.
    async fn look_for_recovery(&self, followed: &mut Followed, at: Timestamp) -> Result<(), Stopped> {
        let every = TimeDelta::seconds(i64::from(self.watch.settings.monitor.features_every_s));
        for asset in self.site.open_cases.iter().filter(|(_, cases)| !cases.is_empty()).map(|(asset, _)| asset) {
            let looked_at = &mut followed.asset(asset).next_look;
            if at < *looked_at {
                continue;
            }
            *looked_at = at + every;
            let Some(features) = followed.monitor.features(asset, at) else { continue };
            for (case, file) in self.site.open_cases_of(asset) {
                self.tell_recovery(followed, case, file, &features).await?;
            }
        }
        Ok(())
    }

    async fn tell_recovery(&self, followed: &mut Followed, case: CaseId, file: &CaseFile, features: &AssetFeatures) -> Result<(), Stopped> {
        // Readings from before the case say nothing of it, and what was mitigated waits for a person.
        if file.mitigated || features.at <= file.last_alert_at || is_being_acted_on(file) {
            return Ok(());
        }
        let watch = followed.recovery.entry(case).or_default();
        let Some(recovered) = watch.observe(file, file.acted_at(), features, &self.watch.settings.recovery) else { return Ok(()) };
        let id = self.id(&case, features.at, "recovery");
        let command = RecordOutcome { case, outcome: recovered.outcome, true_cause: None, note: None, evidence: recovered.evidence };
        let answer = self.ask("svc-monitor", id, features.at, Some(case), command).await?;
        if let Answer::Refused { reason, .. } = answer {
            tracing::debug!(%case, reason, "the readings have nothing to say of case {case}");
        }
        Ok(())
    }

    /// Depends on what was found, when and where, and on nothing else.
    fn id(&self, about: &impl ToString, at: Timestamp, reaction: &str) -> CommandId {
        let cause = format!("{}/{}/{}", self.watch.site, about.to_string(), at.micros());
        reaction_id(cause, reaction, 0)
    }

    async fn ask(
        &self,
        by: &'static str,
        id: CommandId,
        at: Timestamp,
        about: Option<CaseId>,
        command: impl Into<Command>,
    ) -> Result<Answer, Stopped> {
        let mut ask = Ask::new(service(by), command).with_id(id).occurred_at(at);
        ask.correlation = about.map(|case| case.0);
        let partition = PartitionId::site(&self.watch.site);
        let answered = insist(&self.watch.commands, &*self.watch.clock, &partition, ask, self.stop).await;
        answered.map(|answered| answered.answer).ok_or(Stopped)
    }
}

/// The case that an answer is about.
fn subject(answer: &Answer) -> Option<CaseId> {
    match answer {
        Answer::Done { subject, .. } => subject.as_ref()?.parse().ok(),
        Answer::AlreadySo | Answer::Refused { .. } => None,
    }
}

fn is_being_acted_on(file: &CaseFile) -> bool {
    file.actions.values().any(|action| matches!(action, Action::Approved { .. } | Action::Started { .. }))
}
