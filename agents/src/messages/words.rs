//! The words of a message: short, plain, with the figures and what to do. What others wrote is quoted on one line.

use super::list::{Item, List, What};
use crate::precedent::Precedents;
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    action::{Action, Ending, Proposal},
    case::{Case, CaseFile, Outcome, Severity},
    evidence::Evidence,
    ids::{ActionId, CaseId},
    message::{Answer, Button, Link, Message},
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
    pub async fn message(&self, item: &Item) -> Option<Message> {
        if let What::Again(headline, body) = &item.what {
            let known = Message::of_body(body).unwrap_or_else(|| Message::plain(headline, body));
            return Some(Message { repeat: true, ..known });
        }
        let case = item.case?;
        let file = self.site().case(case).file()?;
        let message = match &item.what {
            What::Alert | What::Cause | What::Worse => self.alert(case, file, &item.what).await,
            What::Question(action, reminder) => self.question(case, file, *action, *reminder).await?,
            What::Result(action) => self.result(file, *action)?,
            What::Over => self.over(case, file)?,
            What::Unattended => {
                let told = self.alert(case, file, &What::Alert).await;
                Message { headline: format!("Nobody has looked after this: {}", told.headline), ..told }
            }
            What::Again(..) => return None,
        };
        Some(Message { links: self.links(case, file), ..message })
    }

    async fn alert(&self, case: CaseId, file: &CaseFile, what: &What) -> Message {
        let severity = self.list.severity(case);
        let begin = match what {
            What::Worse => "It has become critical. ",
            What::Cause => "Now thought to be: ",
            _ => "",
        };
        let mut lines = strongest(&file.evidence);
        lines.push(self.cause(file));
        lines.extend(self.precedent(case, file).await);
        lines.push("Answer: seen. Later: fixed … or false alarm.".into());
        let headline = format!("{}{}", begin, headline(file, severity));
        let buttons = vec![Button { id: Answer::SEEN_BUTTON.into(), title: "Seen".into() }];
        Message { severity, buttons, ..Message::plain(headline, lines.join("\n")) }
    }

    async fn question(&self, case: CaseId, file: &CaseFile, action: ActionId, reminder: u32) -> Option<Message> {
        let Action::AwaitingApproval { proposal, asked } = file.actions.get(&action)? else { return None };
        let severity = self.list.severity(case);
        let again = if reminder > 0 { "Still waiting: " } else { "" };
        let name = &proposal.name;
        let mut lines = vec![format!("{name}: {}.", what(&proposal.order)), self.cause(file)];
        lines.extend(strongest(&file.evidence));
        lines.extend(self.precedent(case, file).await);
        let needed = proposal.risk.yes_needed();
        if needed > 1 {
            let said: Vec<&str> = asked.yes.iter().map(|person| person.as_str()).collect();
            let said = if said.is_empty() { "nobody yet".into() } else { said.join(", ") };
            lines.push(format!("It takes {needed} persons; yes so far: {said}. Answer it at the page."));
        }
        let left = proposal.expires_at.since(self.now).num_seconds().max(0);
        lines.push(format!("Nobody's answer within {left} s is a no."));
        let buttons = if needed > 1 { vec![] } else { buttons(proposal) };
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
        let severity = cases.first().and_then(|(severity, _)| *severity);
        let links = self
            .site()
            .roster
            .links
            .page
            .iter()
            .map(|page| Link { title: "All cases".into(), url: format!("{}/#/cases", page.trim_end_matches('/')) });
        let headline = format!("{} messages about {} {}", items.len(), cases.len(), if cases.len() == 1 { "case" } else { "cases" });
        Some(Message { severity, links: links.collect(), ..Message::plain(headline, lines.join("\n")) })
    }

    fn cause(&self, file: &CaseFile) -> String {
        match &file.diagnosis {
            Some(diagnosis) => format!("Cause: {}, {:.0} % sure.", diagnosis.cause, diagnosis.confidence * 100.0),
            None => "Cause: not known yet.".into(),
        }
    }

    async fn precedent(&self, case: CaseId, file: &CaseFile) -> Option<String> {
        self.precedents.of(case, &file.asset, file.cause()).await.map(|precedent| format!("{precedent}."))
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

fn buttons(proposal: &Proposal) -> Vec<Button> {
    let yes = Button { id: Answer::yes_button(proposal.action, &proposal.binding()), title: "Yes".into() };
    let no = Button { id: Answer::no_button(proposal.action), title: "No".into() };
    vec![yes, no]
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
