//! OpenInvestigation, DeliverContribution, MissContribution, DeliverReport: the crew is asked about a case once, and reports once.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    Timestamp,
    envelope::StreamId,
    ids::{ActorId, CaseId},
    investigation::{
        Citation, ContributionDelivered, ContributionMissed, Investigation, InvestigationOpened, LONGEST_TEXT, Part, REPORT_WITHIN, ReportDelivered,
    },
    plain,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const MOST_ASKED: usize = 16;
const MOST_CITATIONS: usize = 20;
const LONGEST_QUOTE: usize = 600;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenInvestigation {
    pub case: CaseId,
    pub asked: Vec<ActorId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliverContribution {
    pub case: CaseId,
    pub text: String,
    pub citations: Vec<Citation>,
    pub model: Option<String>,
    /// What a model named that the rules had not found.
    #[serde(default)]
    pub dropped: u32,
    pub took_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MissContribution {
    pub case: CaseId,
    pub by: ActorId,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliverReport {
    pub case: CaseId,
    pub text: String,
    pub model: Option<String>,
}

impl OpenInvestigation {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        // A storm of alarms joins one case, and one case costs one investigation.
        if site.investigations.contains_key(&self.case) {
            return Ok(Decision::AlreadySo);
        }
        if site.case(self.case).open_file().is_none() {
            return Err(senseless("no_open_case", "only an open case is investigated"));
        }
        if self.asked.is_empty() || self.asked.len() > MOST_ASKED {
            return Err(senseless("nobody_asked", format_args!("ask 1 to {MOST_ASKED} agents")));
        }
        let opened = InvestigationOpened { asked: self.asked.clone(), due_at: circumstances.now.wall + REPORT_WITHIN };
        Ok(Decision::one(StreamId::case(self.case), opened))
    }
}

impl DeliverContribution {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let by = circumstances.by;
        if !awaits(site, self.case, by, circumstances.now.wall)? {
            return Ok(Decision::AlreadySo);
        }
        if self.text.trim().is_empty() {
            return Err(senseless("nothing_said", "say what was found, or that there is nothing"));
        }
        if self.citations.len() > MOST_CITATIONS || self.citations.iter().any(|citation| citation.quote.len() > LONGEST_QUOTE || citation.page == 0) {
            return Err(senseless("bad_citation", format_args!("cite at most {MOST_CITATIONS} places, each by its page and {LONGEST_QUOTE} bytes")));
        }
        let delivered = ContributionDelivered {
            by: by.clone(),
            text: cut(&self.text),
            citations: self.citations.iter().map(seen).collect(),
            model: self.model.clone(),
            dropped: self.dropped,
            took_ms: self.took_ms,
        };
        Ok(Decision::one(StreamId::case(self.case), delivered))
    }
}

impl MissContribution {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        let investigation = investigation(site, self.case)?;
        if investigation.parts.get(&self.by) != Some(&Part::Awaited) || investigation.is_reported {
            return Ok(Decision::AlreadySo);
        }
        Ok(Decision::one(StreamId::case(self.case), ContributionMissed { by: self.by.clone(), why: cut(&self.why) }))
    }
}

impl DeliverReport {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let investigation = investigation(site, self.case)?;
        if investigation.is_reported {
            return Ok(Decision::AlreadySo);
        }
        let waits_for = investigation.awaited().next();
        if let Some(agent) = waits_for.filter(|_| circumstances.now.wall < investigation.due_at) {
            return Err(senseless("too_early", format_args!("{agent} may still deliver until {}", investigation.due_at)));
        }
        let report =
            ReportDelivered { by: circumstances.by.clone(), text: cut(&self.text), model: self.model.clone(), missing: investigation.missing() };
        Ok(Decision::one(StreamId::case(self.case), report))
    }
}

fn investigation(site: &Site, case: CaseId) -> Result<&Investigation, Refused> {
    site.investigations.get(&case).ok_or_else(|| senseless("not_investigated", "nobody was asked about this case"))
}

/// `false`: it has delivered already.
fn awaits(site: &Site, case: CaseId, by: &ActorId, now: Timestamp) -> Result<bool, Refused> {
    let investigation = investigation(site, case)?;
    match investigation.parts.get(by) {
        None => Err(senseless("not_asked", format_args!("{by} was not asked about this case"))),
        Some(Part::Delivered) => Ok(false),
        Some(_) if investigation.is_reported || now >= investigation.due_at => Err(senseless("too_late", "the report has gone out without it")),
        Some(_) => Ok(true),
    }
}

/// A citation with nothing in it that is not seen.
fn seen(cited: &Citation) -> Citation {
    Citation { quote: plain::verbatim(&cited.quote), document: plain::line(&cited.document), ..cited.clone() }
}

/// At a character's end. What models and manuals say may hold what nobody sees.
fn cut(text: &str) -> String {
    let text = plain::verbatim(text);
    let text = text.trim();
    let end = text.char_indices().map(|(at, letter)| at + letter.len_utf8()).take_while(|end| *end <= LONGEST_TEXT).last();
    text[..end.unwrap_or(0)].to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Asked, Asking, Scene, plant, scene};

    const HUNTER: &str = "svc-hunter";
    const TRIAGE: &str = "svc-triage";

    fn open() -> Asking {
        asks("svc-conductor", |case| OpenInvestigation { case, asked: vec![HUNTER.parse().unwrap(), TRIAGE.parse().unwrap()] })
    }
    fn deliver(by: &'static str) -> Asking {
        asks(by, |case| DeliverContribution { case, text: "Page 4 says so.".into(), citations: vec![], model: None, dropped: 0, took_ms: 7 })
    }
    fn report() -> Asking {
        asks("svc-weaver", |case| DeliverReport { case, text: "A bearing wears.".into(), model: None })
    }
    fn asks<C: Into<crate::Command>>(by: &'static str, command: impl Fn(CaseId) -> C + 'static) -> Asking {
        Box::new(move |scene: &Scene| Asked { command: command(scene.case()).into(), by: by.parse().unwrap(), number: 0 })
    }

    #[test]
    fn a_storm_of_alarms_costs_one_investigation() {
        let scene = scene().given_case().when(open()).then_facts(["InvestigationOpened"]);
        let scene = (0..50).fold(scene, |scene, _| scene.when(plant::raise_alert()).happens().when(open()).is_already_so());
        assert_eq!(scene.open_cases(), 1);
    }

    #[test]
    fn a_report_waits_for_everybody_or_for_the_minute_to_end() {
        let scene = scene().given_case().when(open()).happens().when(deliver(HUNTER)).then_facts(["ContributionDelivered"]);
        let scene = scene.when(report()).is_refused("too_early");
        scene.clone().when(deliver(TRIAGE)).happens().when(report()).then_facts(["ReportDelivered"]).when(report()).is_already_so();
        let scene = scene.later_s(60).when(deliver(TRIAGE)).is_refused("too_late").when(report()).then_facts(["ReportDelivered"]);
        let [millwright_domain::Event::ReportDelivered(report)] = scene.recorded()[..] else { panic!() };
        assert_eq!(report.missing, [TRIAGE.parse().unwrap()]);
    }

    #[test]
    fn only_who_was_asked_contributes_and_once() {
        let scene = scene().given_case().when(deliver(HUNTER)).is_refused("not_investigated").when(open()).happens();
        let scene = scene.when(deliver("svc-weaver")).is_refused("not_asked");
        scene.when(deliver(HUNTER)).happens().when(deliver(HUNTER)).is_already_so();
    }

    #[test]
    fn a_long_text_is_cut_between_two_letters() {
        let long = "ä".repeat(LONGEST_TEXT);
        assert_eq!(cut(&long).len(), LONGEST_TEXT);
        assert_eq!(cut(&format!("x{long}")).len(), LONGEST_TEXT - 1);
    }
}
