//! The words of a ticket, in Markdown: what departs from normal, the cause, a curve in letters, what helped last time, what was done, where to look.

use super::list::{Item, List, Work, actions};
use crate::precedent::{Precedent, Precedents};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    case::{Case, CaseFile, Outcome, Severity},
    evidence::Evidence,
    ids::{CaseId, SignalId, SiteId},
    sealed::Sealed,
    ticket::{TicketText, TicketWork},
};
use millwright_projections::summary::{figure, what};

/// A curve shows so much before the case began.
const BEFORE: TimeDelta = TimeDelta::minutes(30);
/// Letters of a curve.
const LETTERS: usize = 60;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Where a curve's values come from.
#[async_trait::async_trait]
pub trait Curves: Send + Sync {
    /// Means over equal stretches from `from` to `to` (plant time), oldest first; `None` where nothing was measured.
    async fn means(&self, site: &SiteId, signal: &SignalId, span: [Timestamp; 2], stretches: usize) -> Vec<Option<f64>>;
}

pub(crate) struct Writer<'a> {
    pub list: &'a List,
    pub precedents: &'a dyn Precedents,
    pub curves: &'a dyn Curves,
}

impl Writer<'_> {
    /// With the sealed words that its text leaves places for.
    pub async fn work(&self, item: &Item) -> Option<(TicketWork, Vec<Sealed>)> {
        let case = self.list.site.case(item.case);
        let file = case.file()?;
        let ticket = self.list.ticket(item).cloned();
        let precedent = match &item.work {
            Work::Open | Work::Edit => self.precedents.of(item.case, &file.asset, file.cause()).await,
            _ => None,
        };
        let quotes = precedent.as_ref().map(Precedent::quotes).unwrap_or_default();
        let work = match (&item.work, ticket) {
            (Work::Open, _) => TicketWork::Open { text: self.text(item.case, file, precedent.as_ref()).await },
            (Work::Edit, Some(ticket)) => TicketWork::Edit { ticket, text: self.text(item.case, file, precedent.as_ref()).await },
            (Work::Comment(line), Some(ticket)) => TicketWork::Comment { ticket, body: escaped(line) },
            (Work::Close, Some(ticket)) => {
                let Case::Closed(_, outcome) = case else { return None };
                TicketWork::Close { ticket, outcome: *outcome, body: format!("Closed: {}.", ended(*outcome)) }
            }
            // Over by now, and to be closed next.
            (Work::Reopen(_), Some(_)) if !matches!(case, Case::Open(_)) => return None,
            (Work::Reopen(line), Some(ticket)) => TicketWork::Reopen { ticket, body: escaped(line) },
            (_, None) => return None,
        };
        Some((work, quotes))
    }

    async fn text(&self, case: CaseId, file: &CaseFile, precedent: Option<&Precedent>) -> TicketText {
        let severity = self.list.severity(case);
        let cause = file
            .diagnosis
            .as_ref()
            .map_or_else(|| "departs from normal".to_string(), |diagnosis| format!("{} ({:.0} %)", diagnosis.cause, diagnosis.confidence * 100.0));
        let mut labels = vec!["millwright".to_string(), format!("severity-{}", word(severity))];
        labels.extend(file.cause().map(ToString::to_string));
        TicketText { title: format!("{}: {cause}", file.asset), body: self.body(case, file, severity, precedent).await, labels, severity }
    }

    async fn body(&self, case: CaseId, file: &CaseFile, severity: Severity, precedent: Option<&Precedent>) -> String {
        let mut body = vec![format!("**{}** on **{}**, since {}.", word(severity), file.asset, second(file.opened_at))];
        if let Some(diagnosis) = &file.diagnosis {
            body.push(format!("Cause: **{}**, {:.0} % sure. {}", diagnosis.cause, diagnosis.confidence * 100.0, escaped(&diagnosis.explanation)));
        }
        body.extend(file.says.as_ref().map(|says| format!("It says: {}", escaped(says))));
        body.push(table(&file.evidence));
        if let Some(curve) = self.curve(file).await {
            body.push(curve);
        }
        body.extend(precedent.map(|precedent| format!("{precedent}.")));
        let done: Vec<String> = actions(file)
            .into_iter()
            .map(|action| format!("- {}: {} ({})", action.proposal().name, what(&action.proposal().order), action.stage().replace('_', " ")))
            .collect();
        if !done.is_empty() {
            body.push(done.join("\n"));
        }
        body.extend(self.links(case, file));
        body.push("Say how it ended in a comment: \"fixed …\" or \"false alarm\".".into());
        body.retain(|part| !part.is_empty());
        body.join("\n\n")
    }

    async fn curve(&self, file: &CaseFile) -> Option<String> {
        let site = self.list.site.id()?;
        let signal = &strongest(&file.evidence)?.signal;
        let span = [file.opened_at - BEFORE, file.last_alert_at.max(file.opened_at) + TimeDelta::minutes(1)];
        let means = self.curves.means(site, signal, span, LETTERS).await;
        let bars = bars(&means)?;
        Some(format!("`{signal}`, {} to {}:\n```\n{bars}\n```", second(span[0]), second(span[1])))
    }

    fn links(&self, case: CaseId, file: &CaseFile) -> Option<String> {
        let links = &self.list.site.roster.links;
        let signal = strongest(&file.evidence).map(|one| &one.signal);
        let dashboard =
            self.list.site.id().and_then(|site| links.dashboard(site, &file.asset, signal, file.opened_at - BEFORE, file.last_alert_at + BEFORE));
        let all = [links.case(case).map(|url| format!("[Case]({url})")), dashboard.map(|url| format!("[Grafana]({url})"))];
        let all: Vec<String> = all.into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join(" · "))
    }
}

fn strongest(evidence: &[Evidence]) -> Option<&Evidence> {
    evidence.iter().max_by(|a, b| a.magnitude.abs().total_cmp(&b.magnitude.abs()))
}

fn table(evidence: &[Evidence]) -> String {
    if evidence.is_empty() {
        return String::new();
    }
    let rows = evidence.iter().map(|one| format!("| {} | {:.4} | {:.4} | {} |", one.signal, one.current, one.expected, figure(one)));
    let head = "| signal | now | normally | |\n|---|---|---|---|".to_string();
    std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
}

/// A curve in letters, from its lowest to its highest; a blank where nothing was measured.
fn bars(means: &[Option<f64>]) -> Option<String> {
    let known: Vec<f64> = means.iter().copied().flatten().filter(|mean| mean.is_finite()).collect();
    let (low, high) = (known.iter().copied().reduce(f64::min)?, known.iter().copied().reduce(f64::max)?);
    let bar = |mean: &Option<f64>| match mean.filter(|mean| mean.is_finite()) {
        None => ' ',
        Some(mean) if high > low => BARS[((mean - low) / (high - low) * 7.0).round().clamp(0.0, 7.0) as usize],
        Some(_) => BARS[3],
    };
    Some(format!("{} {low:.3} … {high:.3}", means.iter().map(bar).collect::<String>()))
}

fn second(at: Timestamp) -> String {
    at.to_datetime().map_or_else(|| at.to_string(), |at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

const fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Repaired => "repaired",
        Outcome::Mitigated => "mitigated",
        Outcome::SelfRecovered => "recovered by itself",
        Outcome::FalseAlarm => "a false alarm",
        Outcome::NoEffect => "nothing helped",
    }
}

/// What somebody else wrote, as text: no markup, no mention, no hidden comment.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars().filter(|letter| !letter.is_control() || *letter == '\n') {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Nobody is called by what a sensor's name says.
            '@' => out.push_str("@\u{200b}"),
            '[' | ']' | '`' | '|' | '!' => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_drawn_from_its_lowest_to_its_highest() {
        assert_eq!(bars(&[Some(1.0), None, Some(2.0), Some(1.5)]).unwrap(), "▁ █▅ 1.000 … 2.000");
        assert_eq!(bars(&[Some(1.0), Some(1.0)]).unwrap(), "▄▄ 1.000 … 1.000");
        assert_eq!(bars(&[None, Some(f64::NAN)]), None);
    }

    #[test]
    fn what_others_wrote_is_no_markup_and_calls_nobody() {
        assert_eq!(escaped("<!-- x --> @all [a](b) ![i](j) `c`"), "&lt;\\!-- x --&gt; @\u{200b}all \\[a\\](b) \\!\\[i\\](j) \\`c\\`");
    }
}
