//! One sentence for each fact, for timelines and auditors.

mod crew;

use millwright_domain::{
    Event,
    access::{Grant, SignInRefused},
    action::{Order, Proposal},
    alarm::Suppression,
    budget::Window,
    call::ModelCalled,
    case::Outcome,
    envelope::Answer,
    evidence::{Evidence, Feature},
    ids::ActorId,
    kept_call::Shredding,
    message::Answer as Said,
    parts::SummaryKind,
    policy::Ruling,
    ticket::TicketDeed,
};

/// What happened, in plain words.
pub fn summary(event: &Event) -> String {
    match event {
        Event::PartitionOwned(fact) => format!("{} took the partition over, epoch {}", fact.owner, fact.epoch),
        Event::CommandAnswered(fact) => format!("{} was answered: {}", fact.asked, answered(&fact.answer)),
        Event::ReadingsSealed(fact) => format!("readings {} to {} of {} were sealed", fact.from, fact.to, fact.partition),
        Event::AuditKeyAdopted(fact) => match fact.endorsement {
            Some(_) => format!("checkpoints are signed with the key {}, which the one before vouches for", fact.key),
            None => format!("checkpoints are signed with the key {}", fact.key),
        },
        Event::CheckpointSigned(fact) => format!("the first {} facts were signed as a checkpoint", fact.tree_size),
        Event::PlantDescribed(fact) => format!("{} was described: {} assets", fact.plant.name, fact.plant.assets.len()),
        Event::RosterAdopted(fact) => format!("a roster of {} people was adopted", fact.roster.people.len()),
        Event::PolicyAdopted(fact) => format!("a policy of {} actions was adopted", fact.policy.actions.len()),
        Event::BaselineLearned(fact) => {
            format!("baseline {} of {}: mean {:.3}, standard deviation {:.3}", fact.version, fact.signal, fact.mean, fact.std)
        }
        Event::KillSwitchEngaged(fact) => format!("{} stopped all actions", fact.by),
        Event::KillSwitchReleased(fact) => format!("{} allowed actions again", fact.by),
        Event::AssetLockedOut(fact) => format!("{} locked out {}", fact.by, fact.asset),
        Event::AssetReturnedToService(fact) => format!("{} returned {} to service", fact.by, fact.asset),
        Event::DeviceAssigned(fact) => format!("{} is collected by {}, epoch {}", fact.device, fact.collector, fact.epoch),
        Event::ReadingsDropped(fact) => {
            format!("{} scans of {} from {} to {} are lost: {}", fact.scans, fact.device, fact.first, fact.last, fact.why)
        }
        Event::DeviceFellSilent(fact) => format!("unit {} of {} has not answered since {}: {}", fact.unit, fact.device, fact.since, fact.why),
        Event::DeviceAnswered(fact) => {
            let missed = fact.missed.map_or_else(String::new, |scans| format!(", {scans} scans missed"));
            format!("unit {} of {} answers again; silent from {} to {}{missed}: {}", fact.unit, fact.device, fact.since, fact.until, fact.why)
        }
        Event::CollectionResumed(fact) => format!("nothing was collected from {} from {} to {}: {}", fact.device, fact.since, fact.until, fact.why),
        Event::AlertRaised(fact) => {
            let late = if fact.late { ", from late readings" } else { "" };
            let what = fact.says.clone().unwrap_or_else(|| strongest(&fact.evidence));
            format!("{} raised an alert on {}: {what}{late}", fact.detector, fact.asset)
        }
        Event::AlertSuppressed(fact) => {
            let why = match fact.why {
                Suppression::Shelved => "its alarm is shelved",
                Suppression::OutOfService => "its alarm is out of service",
                Suppression::ByDesign => "somebody works on the machine",
            };
            format!("{} saw something on {} and told nobody, as {why}: {}", fact.detector, fact.asset, strongest(&fact.evidence))
        }
        Event::AlarmCleared(fact) => format!("{} sees nothing of {} any more", fact.detector, fact.asset),
        Event::AlarmAcknowledged(fact) => format!("{} has seen the alarm of {} by {}", fact.by, fact.asset, fact.detector),
        Event::AlarmShelved(fact) => format!("{} shelved the alarm of {} by {} until {}", fact.by, fact.asset, fact.detector, fact.until),
        Event::AlarmUnshelved(fact) => format!("the alarm of {} by {} is off the shelf", fact.asset, fact.detector),
        Event::AlarmTakenOutOfService(fact) => format!("{} took the alarm of {} by {} out of service", fact.by, fact.asset, fact.detector),
        Event::AlarmReturnedToService(fact) => format!("{} returned the alarm of {} by {} to service", fact.by, fact.asset, fact.detector),
        Event::RelearningProposed(fact) => format!("{} should perhaps be learned anew: {}", fact.asset, fact.because),
        Event::RelearningApproved(fact) => format!("{} said that what {} does from now on is normal", fact.by, fact.asset),
        Event::BaselineRestored(fact) => format!("{} took the relearning of {} back", fact.by, fact.asset),
        Event::ThresholdAdjusted(fact) => {
            format!("limits of {} are {:.2} times the configured ones, {:.2} before: {}", fact.signal, fact.factor, fact.was, fact.reason)
        }
        Event::ChangeJudged(fact) => format!("{}: {}", fact.change, fact.because),
        Event::CaseRemembered(fact) => format!("what it looked like in the first {} s is remembered", fact.horizon_s),
        Event::DiagnosisRecorded(fact) => format!("{} ({:.0} %), says {}: {}", fact.cause, fact.confidence * 100.0, fact.by, fact.explanation),
        Event::ActionProposed(fact) => proposed(&fact.proposal),
        Event::ActionApproved(fact) => format!("{} approved it", fact.by),
        Event::ActionRejected(fact) => format!("{} rejected it", fact.by),
        Event::ApprovalExpired(_) => "nobody said yes in time, so it is no".into(),
        Event::ActionVoided(fact) => format!("void before it began: {}", fact.reason),
        Event::ActionSuperseded(_) => "replaced by a newer proposal".into(),
        Event::ActionStarted(_) => "begun".into(),
        Event::ActionCompleted(fact) => match fact.read_back {
            Some(value) => format!("done; the device reads back {value}"),
            None => "done".into(),
        },
        Event::ActionFailed(fact) => format!("failed, no effect: {}", fact.reason),
        Event::ActionUnverified(fact) => format!("nobody can know whether it took effect, a person has to look: {}", fact.reason),
        Event::ActionVerified(fact) => format!("{} looked: it {}", fact.by, if fact.took { "took" } else { "did not take" }),
        Event::ApprovalGiven(fact) => format!("{} said yes; it takes {} in all", fact.by, fact.needed),
        Event::ApprovalDelegated(fact) => format!("{} asked {} to answer", fact.by, fact.to),
        Event::ApprovalReminded(fact) => format!("nobody has answered; reminder {}", fact.number),
        Event::ApprovalEscalated(fact) => format!("nobody has answered; level {}: {} may answer, too", fact.level, named(&fact.to)),
        Event::TicketOpened(fact) => format!("ticket {} in {}", fact.ticket.id, fact.ticket.system),
        Event::TicketTouched(fact) => {
            let who = fact.by.as_ref().map_or("somebody", ActorId::as_str);
            format!("{who} {} ticket {} in {}", deed(&fact.deed), fact.ticket.id, fact.ticket.system)
        }
        Event::MessageReceived(fact) => format!("{} by {}: {}", fact.by, fact.channel, said(&fact.answer)),
        Event::MessageRead(_) => "read".into(),
        Event::MessageNotDelivered(fact) => format!("taken, and not delivered after all: {}", fact.reason),
        Event::MessageUnknown(fact) => format!("attempt {}: nobody knows whether it arrived: {}", fact.attempt, fact.reason),
        Event::EffectRetried(fact) => format!("{} wants it tried again", fact.by),
        Event::EffectDropped(fact) => format!("{} dropped it", fact.by),
        Event::EnrolmentOffered(fact) => format!("a code was made for {} by {}", fact.person, fact.way),
        Event::ContactEnrolled(fact) => {
            format!("{} is known by {}{}", fact.person, fact.way, if fact.proved { ", proved by a code" } else { ", not proved" })
        }
        Event::ContactRemoved(fact) => format!("{} is known by {} no more", fact.person, fact.way),
        Event::PartFailed(fact) => format!("{} does not work: {}", fact.part, fact.detail),
        Event::PartRecovered(fact) => format!("{} works again", fact.part),
        Event::SummaryReported(fact) => {
            let kind = if fact.kind == SummaryKind::Daily { "the day" } else { "the last hours" };
            format!("{kind}: {} alerts, {} cases open", fact.figures.alerts, fact.figures.cases_open)
        }
        Event::InspectionMade(fact) => match fact.findings.first() {
            None => format!("{} figures were held against the ledger, and all were right", fact.compared),
            Some(first) => format!("{} findings, the first: {}", fact.findings.len() + fact.more as usize, first.key()),
        },
        Event::InspectionsReported(fact) => format!("{} inspections, {} of them found something", fact.tally.made, fact.tally.with_findings),
        Event::OutcomeRecorded(fact) => {
            let closes = if fact.closes { "; the case is closed" } else { "" };
            format!("{}, says {}{closes}", outcome(fact.outcome), fact.by)
        }
        Event::InvestigationOpened(fact) => format!("{} were asked", list(&fact.asked)),
        Event::ContributionDelivered(fact) => format!("{}: {}", fact.by, first_line(&fact.text)),
        Event::ContributionMissed(fact) => format!("{} had nothing to say: {}", fact.by, fact.why),
        Event::ReportDelivered(fact) if fact.missing.is_empty() => format!("report: {}", first_line(&fact.text)),
        Event::ReportDelivered(fact) => format!("report without {}: {}", list(&fact.missing), first_line(&fact.text)),
        Event::ModelCalled(fact) => called(fact),
        Event::LoopStopped(fact) => format!("{} went round in circles and was stopped ({}): {}", fact.agent, fact.sign.as_str(), fact.said),
        Event::ManualImported(fact) => {
            let by = fact.by.as_ref().map_or("somebody", ActorId::as_str);
            format!("{by} brought in the manual {}, {} pages, revision {}", fact.title, fact.pages, short(&fact.revision))
        }
        Event::ManualRemoved(fact) => {
            let by = fact.by.as_ref().map_or("somebody", ActorId::as_str);
            format!("{by} took the manual {} away, revision {}", fact.name, short(&fact.revision))
        }
        Event::ModelCallKept(fact) => format!("what {} was asked and said is kept, {} bytes, sealed", fact.deployment, fact.bytes),
        Event::ModelCallReplayed(fact) => {
            let of = fact.with.as_ref().map_or("the same model", |with| with.as_str());
            format!("{} had a call asked again of {of}", fact.by)
        }
        Event::CallWordsShredded(fact) => match fact.why {
            Shredding::Age => "what was said to models was old enough to be destroyed".into(),
            Shredding::Wanted => "what was said to models was destroyed, as somebody wanted".into(),
        },
        Event::CommandRefused(fact) => format!("{} by {} was refused: {}", fact.asked, fact.by, fact.reason),
        Event::EffectWanted(fact) => format!("to {}: {}", fact.target, fact.subject),
        Event::EffectAttempted(fact) => format!("attempt {} begun", fact.attempt),
        Event::EffectDone(fact) => format!("delivered at attempt {}", fact.attempt),
        Event::EffectFailed(fact) if fact.final_ => format!("attempt {} failed for good: {}", fact.attempt, fact.reason),
        Event::EffectFailed(fact) => format!("attempt {} failed: {}", fact.attempt, fact.reason),
        Event::BudgetSet(fact) => format!("budget: {} tokens an hour, {} a day", fact.tokens_per_hour, fact.tokens_per_day),
        Event::TokensReserved(fact) => format!("{} tokens held for {}", fact.tokens, fact.agent),
        Event::CallDispatched(_) => "the call left the house".into(),
        Event::TokensSettled(fact) => format!("{} tokens used{}", fact.used, if fact.estimated { ", by estimate" } else { "" }),
        Event::BudgetOverrun(fact) => format!("{} tokens used, {} held: the provider overran", fact.used, fact.held),
        Event::TokensReleased(_) => "tokens released".into(),
        Event::ReservationExpired(fact) => format!("reservation expired, {} tokens counted", fact.counted),
        Event::UsageCorrected(fact) => format!("{} tokens were counted, {} were used", fact.counted, fact.used),
        Event::BudgetWarned(fact) => format!("{} % of the {}'s budget is used", fact.percent, window(fact.window)),
        Event::GrantsSet(fact) => format!("{} gave {} the roles: {}", fact.by, fact.principal, roles(&fact.grants)),
        Event::TokenIssued(fact) => format!("{} made a token for {} ({}), no more than {}", fact.by, fact.holder, fact.label, fact.at_most),
        Event::TokenRevoked(fact) => format!("{} took a token back", fact.by),
        Event::SignedIn(fact) => format!("{} signed in by {}", fact.person, fact.how),
        Event::SignedOut(fact) => format!("{} signed out; she had come in by {}", fact.person, fact.how),
        Event::SignInRefused(fact) => refused_entry(fact),
        Event::PasswordSet(fact) => format!("{} has a new password, set by {}", fact.person, fact.by),
        Event::AccessRefused(fact) => format!("{} may not: {}", fact.who, fact.asked),
        Event::PersonIntroduced(fact) => format!("{} was introduced", fact.person),
        Event::PersonForgotten(fact) => format!("{} was forgotten", fact.person),
        Event::Unknown { kind, schema, .. } => format!("{kind} of schema {schema}, which this program does not know"),
        // Beside the crew's, only what a simulator really did is left, and that lies on a partition that is never followed.
        other => crew::summary(other).unwrap_or_else(|| other.kind().to_string()),
    }
}

/// What exactly an order does.
pub fn what(order: &Order) -> String {
    match order {
        Order::Write(write) => format!("write {} to {} on {}", write.value, write.signal, write.device),
        Order::Message(message) => format!("tell {}: {}", message.to, message.text),
    }
}

fn named<'a>(people: impl IntoIterator<Item = &'a ActorId>) -> String {
    people.into_iter().map(ActorId::as_str).collect::<Vec<_>>().join(", ")
}

fn roles(grants: &[Grant]) -> String {
    let one = |grant: &Grant| match (&grant.site, &grant.area) {
        (None, _) => format!("{} everywhere", grant.role),
        (Some(site), None) => format!("{} at {site}", grant.role),
        (Some(site), Some(area)) => format!("{} for {area} at {site}", grant.role),
    };
    if grants.is_empty() { "none".into() } else { grants.iter().map(one).collect::<Vec<_>>().join(", ") }
}

fn refused_entry(fact: &SignInRefused) -> String {
    let who = fact.person.as_ref().map_or("somebody", ActorId::as_str);
    let more = if fact.unread == 0 { String::new() } else { format!("; {} more tries before that were not looked at", fact.unread) };
    format!("{who} was not let in by {}: {}{more}", fact.how, fact.reason)
}

fn deed(deed: &TicketDeed) -> String {
    match deed {
        TicketDeed::Commented { .. } => "commented on".into(),
        TicketDeed::Closed { means: Some(means) } => format!("closed ({})", outcome(*means)),
        TicketDeed::Closed { means: None } => "closed".into(),
        TicketDeed::Reopened => "reopened".into(),
        TicketDeed::Labelled { .. } => "labelled".into(),
    }
}

fn said(answer: &Said) -> &'static str {
    match answer {
        Said::Yes { .. } => "yes",
        Said::No { .. } => "no",
        Said::Ended(ended) => outcome(*ended),
        Said::Seen => "seen",
        Said::Words => "words",
    }
}

fn proposed(proposal: &Proposal) -> String {
    let ruling = match proposal.ruling {
        Ruling::AutoApprove => "allowed by policy",
        Ruling::RequireApproval => "waits for a yes",
        Ruling::Never => "never allowed",
    };
    format!("{}: {}; {ruling}", proposal.name, what(&proposal.order))
}

fn strongest(evidence: &[Evidence]) -> String {
    let Some(one) = evidence.iter().max_by(|a, b| a.magnitude.abs().total_cmp(&b.magnitude.abs())) else {
        return "no figures".into();
    };
    figure(one)
}

/// One figure in plain words.
pub fn figure(one: &Evidence) -> String {
    let feature = match one.feature {
        Feature::Drift => format!("drifted by {:+.1} standard deviations", one.magnitude),
        Feature::Contribution => format!("contributes {:.0} % to the departure", one.magnitude.abs() * 100.0),
        Feature::Noise => format!("is {:.1} times as noisy as normal", one.magnitude),
        Feature::Slope => format!("changes by {:+.1} standard deviations a window", one.magnitude),
        Feature::Stuck => format!("has not moved for {:.0} s", one.magnitude),
        Feature::Residual => format!("is {:+.1} standard deviations off what the others imply", one.magnitude),
    };
    format!("{} {feature}", one.signal)
}

fn answered(answer: &Answer) -> String {
    match answer {
        Answer::Done { facts, .. } => format!("done, {facts} facts"),
        Answer::AlreadySo => "already so".into(),
        Answer::Refused { reason, .. } => format!("refused, {reason}"),
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Repaired => "repaired",
        Outcome::Mitigated => "mitigated",
        Outcome::SelfRecovered => "recovered by itself",
        Outcome::FalseAlarm => "a false alarm",
        Outcome::NoEffect => "no effect",
    }
}

fn window(window: Window) -> &'static str {
    match window {
        Window::Hour => "hour",
        Window::Day => "day",
        Window::Month => "month",
        Window::Whole => "task",
    }
}

fn list(agents: &[ActorId]) -> String {
    agents.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Of a hash, for people.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn called(fact: &ModelCalled) -> String {
    let used = fact.usage.map_or(0, |usage| usage.total());
    match &fact.failed {
        None => format!("{} asked {}: {used} tokens, {}, {} ms", fact.agent, fact.model, fact.cost, fact.took_ms),
        Some(trouble) => format!("{} asked {} in vain ({}): {}", fact.agent, fact.deployment, trouble.kind, trouble.said),
    }
}
