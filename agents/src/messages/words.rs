//! The words of a message: short, plain, with the figures and what to do. What others wrote is quoted on one line.

use super::list::{Item, List, What};
use crate::precedent::{Precedent, Precedents};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    action::{Action, Ending, Proposal},
    case::{Case, CaseFile, Outcome, Severity},
    evidence::Evidence,
    ids::{ActionId, CaseId},
    message::{Answer, Button, Link, Message, buttons},
    sealed::Sealed,
    site::Site,
};
use millwright_projections::summary::{figure, what};

/// A dashboard opens on so much before the case began.
const BEFORE: TimeDelta = TimeDelta::minutes(30);
/// Figures in one message, the strongest first.
const FIGURES: usize = 3;
/// Cases that are named in a message about many.
const NAMED: usize = 8;

pub(crate) struct Writer<'a> {
    pub list: &'a List,
    pub precedents: &'a dyn Precedents,
    pub now: Timestamp,
}

impl Writer<'_> {
    /// With the sealed words that its text leaves places for.
    pub async fn message(&self, item: &Item) -> Option<(Message, Vec<Sealed>)> {
        if let What::Said(headline, text) = &item.what {
            return Some((Message::plain(headline, text), vec![]));
        }
        if let What::Again(sent) = &item.what {
            let known = Message::of_body(&sent.body).unwrap_or_else(|| Message::plain(&sent.headline, &sent.body));
            return Some((Message { repeat: true, ..known }, sent.quotes.clone()));
        }
        let case = item.case?;
        let file = self.site().case(case).file()?;
        let precedent = match &item.what {
            What::Result(_) | What::Over => None,
            _ => self.precedents.of(case, &file.asset, file.cause()).await,
        };
        let quotes = precedent.as_ref().map(Precedent::quotes).unwrap_or_default();
        let message = match &item.what {
            What::Alert | What::Cause | What::Worse => self.alert(case, file, &item.what, precedent.as_ref()),
            What::Question(action, reminder) => self.question(case, file, (*action, *reminder), precedent.as_ref())?,
            What::Result(action) => self.result(file, *action)?,
            What::Over => self.over(case, file)?,
            What::Unattended => {
                let told = self.alert(case, file, &What::Alert, precedent.as_ref());
                Message { headline: format!("Nobody has looked after this: {}", told.headline), ..told }
            }
            What::Again(_) | What::Said(..) => return None,
        };
        Some((Message { links: self.links(case, file), ..message }, quotes))
    }

    fn alert(&self, case: CaseId, file: &CaseFile, what: &What, precedent: Option<&Precedent>) -> Message {
        let severity = self.list.severity(case);
        let begin = match what {
            What::Worse => "It has become critical. ",
            What::Cause => "Now thought to be: ",
            _ => "",
        };
        let mut lines: Vec<String> = file.says.iter().map(|says| format!("It says: {says}.")).collect();
        lines.extend(strongest(&file.evidence));
        lines.push(self.cause(file));
        lines.extend(precedent.map(|precedent| format!("{precedent}.")));
        lines.push("Answer: seen. Later: fixed … or false alarm.".into());
        let headline = format!("{}{}", begin, headline(file, severity));
        let buttons = vec![Button { id: Answer::SEEN_BUTTON.into(), title: "Seen".into() }];
        Message { severity, buttons, ..Message::plain(headline, lines.join("\n")) }
    }

    fn question(&self, case: CaseId, file: &CaseFile, (action, reminder): (ActionId, u32), precedent: Option<&Precedent>) -> Option<Message> {
        let Action::AwaitingApproval { proposal, asked } = file.actions.get(&action)? else { return None };
        let severity = self.list.severity(case);
        let again = if reminder > 0 { "Still waiting: " } else { "" };
        let name = &proposal.name;
        let mut lines = vec![format!("{name}: {}.", what(&proposal.order)), self.cause(file)];
        lines.extend(strongest(&file.evidence));
        lines.extend(precedent.map(|precedent| format!("{precedent}.")));
        let needed = proposal.risk.yes_needed();
        if needed > 1 {
            let said: Vec<&str> = asked.yes.iter().map(|person| person.as_str()).collect();
            let said = if said.is_empty() { "nobody yet".into() } else { said.join(", ") };
            let where_ = if asked.yes.is_empty() { " The first yes is given at the page." } else { "" };
            lines.push(format!("It takes {needed} persons; yes so far: {said}.{where_}"));
        }
        let left = proposal.expires_at.since(self.now).num_seconds().max(0);
        lines.push(format!("Nobody's answer within {left} s is a no."));
        let buttons = buttons(proposal, asked);
        let headline = format!("{again}{}: {name}?", file.asset);
        Some(Message { severity, buttons, ..Message::plain(headline, lines.join("\n")) })
    }

    fn result(&self, file: &CaseFile, action: ActionId) -> Option<Message> {
        let known = file.actions.get(&action)?;
        let Proposal { name, order, .. } = known.proposal();
        let result = match known {
            Action::Completed { .. } => "done",
            Action::Unverified { .. } => "nobody knows whether it took; please look at the machine",
            Action::Ended { ending: Ending::Expired, .. } => "nobody answered in time, so it is a no",
            Action::Ended { ending: Ending::Voided, .. } => "void before it began; propose it again if it is still wanted",
            Action::Ended { ending: Ending::Failed, .. } => "failed, without effect",
            _ => return None,
        };
        let severity = matches!(known, Action::Unverified { .. }).then_some(Severity::High);
        Some(Message { severity, ..Message::plain(format!("{}: {name}: {result}", file.asset), format!("{}.", what(order))) })
    }

    fn over(&self, case: CaseId, file: &CaseFile) -> Option<Message> {
        let Case::Closed(_, outcome) = self.site().case(case) else { return None };
        let how = match outcome {
            Outcome::Repaired => "repaired",
            Outcome::Mitigated => "mitigated",
            Outcome::SelfRecovered => "it recovered by itself",
            Outcome::FalseAlarm => "a false alarm",
            Outcome::NoEffect => "closed, nothing helped",
        };
        let was = file.cause().map_or_else(|| "cause unknown".to_string(), |cause| cause.to_string());
        Some(Message::plain(format!("{}: {how}", file.asset), format!("The case is closed ({was}).")))
    }

    /// Many things in one message: the worst first, each on a line.
    pub fn together(&self, items: &[&Item]) -> Option<Message> {
        let mut cases: Vec<(Option<Severity>, CaseId)> = vec![];
        for case in items.iter().filter_map(|item| item.case) {
            let severity = self.list.severity(case);
            if !cases.iter().any(|(_, known)| *known == case) {
                cases.push((severity, case));
            }
        }
        cases.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
        let line = |(_, case): &(Option<Severity>, CaseId)| {
            let known = self.site().case(*case);
            let file = known.file()?;
            let state = if matches!(known, Case::Closed(..)) { "closed" } else { file.stage() };
            Some(format!("{} ({})", headline(file, self.list.severity(*case)), state.replace('_', " ")))
        };
        let mut lines: Vec<String> = cases.iter().take(NAMED).filter_map(line).collect();
        if cases.len() > NAMED {
            lines.push(format!("… and {} more", cases.len() - NAMED));
        }
        let said = items.iter().filter_map(|item| if let What::Said(headline, _) = &item.what { Some(headline.clone()) } else { None });
        lines.extend(said.take(NAMED));
        let severity = cases.first().and_then(|(severity, _)| *severity);
        let links = self
            .site()
            .roster
            .links
            .page
            .iter()
            .map(|page| Link { title: "All cases".into(), url: format!("{}/#/cases", page.trim_end_matches('/')) });
        let headline = match cases.len() {
            0 => format!("{} messages", items.len()),
            1 => format!("{} messages about 1 case", items.len()),
            several => format!("{} messages about {several} cases", items.len()),
        };
        Some(Message { severity, links: links.collect(), ..Message::plain(headline, lines.join("\n")) })
    }

    fn cause(&self, file: &CaseFile) -> String {
        match &file.diagnosis {
            Some(diagnosis) => format!("Cause: {}, {:.0} % sure.", diagnosis.cause, diagnosis.confidence * 100.0),
            None => "Cause: not known yet.".into(),
        }
    }

    fn site(&self) -> &Site {
        &self.list.site
    }

    fn links(&self, case: CaseId, file: &CaseFile) -> Vec<Link> {
        let links = &self.site().roster.links;
        let signal = file.evidence.iter().max_by(|a, b| a.magnitude.abs().total_cmp(&b.magnitude.abs())).map(|one| &one.signal);
        let to = file.last_alert_at + BEFORE;
        let dashboard = self.site().id().and_then(|site| links.dashboard(site, &file.asset, signal, file.opened_at - BEFORE, to));
        let dashboard = dashboard.map(|url| Link { title: "Grafana".into(), url });
        dashboard.into_iter().chain(links.case(case).map(|url| Link { title: "Case".into(), url })).collect()
    }
}

/// `HIGH pump-1: bearing_wear 86 %`
fn headline(file: &CaseFile, severity: Option<Severity>) -> String {
    let severity = match severity {
        Some(Severity::Critical) => "CRITICAL ",
        Some(Severity::High) => "HIGH ",
        Some(Severity::Medium) => "MEDIUM ",
        Some(Severity::Low) => "LOW ",
        None => "",
    };
    let cause = file.diagnosis.as_ref().map(|diagnosis| format!("{} {:.0} %", diagnosis.cause, diagnosis.confidence * 100.0));
    format!("{severity}{}: {}", file.asset, cause.unwrap_or_else(|| "departs from normal".into()))
}

fn strongest(evidence: &[Evidence]) -> Vec<String> {
    let mut sorted: Vec<&Evidence> = evidence.iter().collect();
    sorted.sort_by(|a, b| b.magnitude.abs().total_cmp(&a.magnitude.abs()));
    sorted.into_iter().take(FIGURES).map(|one| format!("{}.", figure(one))).collect()
}
