//! Who is told what, by which way, and when not: groups and people, alerts, quiet hours, tickets, links. A fact as a whole: `RosterAdopted`.
//!
//! No address is in it: those are people's own, sealed, see [`crate::contact`].

use crate::{
    Timestamp,
    case::Severity,
    hours::Hours,
    ids::{ActorId, AssetId, SignalId, SiteId},
    message::Channel,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Roster {
    /// A name such as `operators`, and who belongs to it. The policy's messages go to such a name, or to a person.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, Vec<ActorId>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub people: BTreeMap<ActorId, Reach>,
    pub alerts: AlertPlan,
    /// Systems in which each case gets a ticket: `github`, `salesforce`, `trello`, `webhook`, `builtin`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tickets: Vec<String>,
    /// Programs that are told of each case by Standard Webhooks, by their names in the settings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<SummaryPlan>,
    pub links: Links,
}

/// How a person is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// The first that works is taken.
    pub by: Vec<Channel>,
    /// Only what is critical, and what somebody has to answer, comes through then; the rest waits for the end of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Hours>,
}

/// What becomes of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertPlan {
    /// A group or a person; none: nobody is told, the page shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    pub least: Severity,
    /// So long (in seconds) for somebody to have read it, taken it on or done something about it; then it goes on to `then_to`.
    pub unread_after_s: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then_to: Option<String>,
    /// So many messages to one person within so many seconds; what comes on top is told together, in one message.
    pub most: u32,
    pub within_s: u32,
}

impl Default for AlertPlan {
    fn default() -> Self {
        Self { to: None, least: Severity::Low, unread_after_s: 600, then_to: None, most: 8, within_s: 600 }
    }
}

/// When and to whom the day is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SummaryPlan {
    /// The day that is told ends at the second of the two times; they are best the same: `06:00-06:00 +02:00`.
    pub day: Hours,
    pub to: String,
}

/// Where people look.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Links {
    /// The page, as people reach it: `https://millwright.example.org`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// A dashboard; `{site}`, `{asset}`, `{signal}`, `{from}` and `{to}` (milliseconds) are filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grafana: Option<String>,
}

/// Why a roster cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RosterRefused {
    #[error("{what} goes to {name:?}, which is neither a group nor a person of the roster; add it to `groups` or `people`")]
    Nobody { what: String, name: String },
    #[error("{0} has no way to be reached; give `by` at least one of whatsapp, telegram, email, notice")]
    Unreachable(ActorId),
    #[error("{0} is a part of Millwright and cannot be told anything")]
    NotAPerson(ActorId),
    #[error("{0} is reached by {1} once, not twice")]
    TwiceBy(ActorId, Channel),
    #[error("a person is not reached by webhook; programs belong under `programs`")]
    WebhookPerson,
    #[error("`alerts.most` and `alerts.within_s` must be at least 1")]
    NoMessages,
    #[error("{0:?} is no address of a page; write it as https://host/path")]
    BadLink(String),
}

impl Roster {
    /// The roster as it was given, if it can be meant.
    pub fn checked(self) -> Result<Self, RosterRefused> {
        for (person, reach) in &self.people {
            if person.is_service() {
                return Err(RosterRefused::NotAPerson(person.clone()));
            }
            if reach.by.is_empty() {
                return Err(RosterRefused::Unreachable(person.clone()));
            }
            if reach.by.contains(&Channel::Webhook) {
                return Err(RosterRefused::WebhookPerson);
            }
            if let Some((_, twice)) = reach.by.iter().enumerate().find(|(place, channel)| reach.by[..*place].contains(channel)) {
                return Err(RosterRefused::TwiceBy(person.clone(), *twice));
            }
        }
        let members =
            self.groups.iter().flat_map(|(group, members)| members.iter().map(move |member| (format!("the group {group}"), member.as_str())));
        let plans = [("alerts.to", &self.alerts.to), ("alerts.then_to", &self.alerts.then_to)];
        let plans = plans.into_iter().filter_map(|(what, to)| Some((what.to_string(), to.as_deref()?)));
        let summary = self.summary.iter().map(|plan| ("summary.to".to_string(), plan.to.as_str()));
        for (what, name) in members.chain(plans).chain(summary) {
            let is_person = self.people.keys().any(|person| person.as_str() == name);
            if !is_person && (what.starts_with("the group") || !self.groups.contains_key(name)) {
                return Err(RosterRefused::Nobody { what, name: name.into() });
            }
        }
        if self.alerts.most == 0 || self.alerts.within_s == 0 {
            return Err(RosterRefused::NoMessages);
        }
        for link in [&self.links.page, &self.links.grafana].into_iter().flatten() {
            let plain = link.chars().all(|c| c.is_ascii_graphic());
            if !plain || !(link.starts_with("https://") || link.starts_with("http://")) {
                return Err(RosterRefused::BadLink(link.chars().take(120).collect()));
            }
        }
        Ok(self)
    }

    /// The people behind a name: a group's members, or the person herself.
    pub fn people_of(&self, name: &str) -> Vec<ActorId> {
        if let Some(members) = self.groups.get(name) {
            return members.clone();
        }
        self.people.keys().filter(|person| person.as_str() == name).cloned().collect()
    }

    /// Where a message to a person goes by her `nth` way: `whatsapp:ann`. `None` once there is no further way.
    pub fn target(&self, person: &ActorId, nth: usize) -> Option<String> {
        self.people.get(person)?.by.get(nth).map(|channel| format!("{channel}:{person}"))
    }

    /// Where a message to a name goes. A name that the roster does not have goes to the file of notices, as itself.
    pub fn targets(&self, name: &str) -> Vec<String> {
        let targets: Vec<String> = self.people_of(name).iter().filter_map(|person| self.target(person, 0)).collect();
        if targets.is_empty() { vec![format!("{}:{name}", Channel::Notice)] } else { targets }
    }
}

impl Links {
    /// The case's page.
    pub fn case(&self, case: impl std::fmt::Display) -> Option<String> {
        self.page.as_ref().map(|page| format!("{}/#/cases/{case}", page.trim_end_matches('/')))
    }

    /// The dashboard at a sensor, or at a machine, from one time to another.
    pub fn dashboard(&self, site: &SiteId, asset: &AssetId, signal: Option<&SignalId>, from: Timestamp, to: Timestamp) -> Option<String> {
        let millis = |at: Timestamp| (at.micros() / 1_000).to_string();
        let signal = signal.map_or("", SignalId::as_str);
        let filled = self.grafana.as_ref()?.replace("{site}", &escaped(site.as_str())).replace("{asset}", &escaped(asset.as_str()));
        Some(filled.replace("{signal}", &escaped(signal)).replace("{from}", &millis(from)).replace("{to}", &millis(to)))
    }
}

/// All that RFC 3986 does not call unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// For a query.
fn escaped(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Who is told what was set anew, as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RosterAdopted {
    pub roster: Roster,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster() -> Roster {
        let text = r#"{
            "groups": {"operators": ["ann", "bob"]},
            "people": {"ann": {"by": ["whatsapp", "email"], "quiet": "22:00-06:00"}, "bob": {"by": ["telegram"]}},
            "alerts": {"to": "operators", "then_to": "bob"},
            "links": {"page": "https://mill.example.org/", "grafana": "https://g.example.org/d/plc?var-sensor={signal}&from={from}&to={to}"}
        }"#;
        serde_json::from_str::<Roster>(text).unwrap().checked().unwrap()
    }

    #[test]
    fn a_name_is_a_group_or_a_person_and_an_unknown_one_is_a_notice() {
        let roster = roster();
        assert_eq!(roster.targets("operators"), ["whatsapp:ann", "telegram:bob"]);
        assert_eq!(roster.targets("bob"), ["telegram:bob"]);
        assert_eq!(roster.targets("backup_tech"), ["notice:backup_tech"]);
        let ann = "ann".parse().unwrap();
        assert_eq!(roster.target(&ann, 1).as_deref(), Some("email:ann"));
        assert_eq!(roster.target(&ann, 2), None);
    }

    #[test]
    fn a_link_names_the_sensor_and_the_time() {
        let link = roster().links.dashboard(
            &"demo".parse().unwrap(),
            &"pump-1".parse().unwrap(),
            Some(&"pump-1/vibration".parse().unwrap()),
            Timestamp::from_secs(10),
            Timestamp::from_secs(20),
        );
        assert_eq!(link.as_deref(), Some("https://g.example.org/d/plc?var-sensor=pump-1%2Fvibration&from=10000&to=20000"));
        assert_eq!(roster().links.case("x").as_deref(), Some("https://mill.example.org/#/cases/x"));
    }

    #[test]
    fn a_roster_that_would_tell_nobody_is_refused() {
        for (change, why) in [
            (r#"{"alerts": {"to": "nobody"}}"#, "alerts.to"),
            (r#"{"groups": {"g": ["ann"]}}"#, "the group g"),
            (r#"{"people": {"ann": {"by": []}}}"#, "no way"),
            (r#"{"people": {"ann": {"by": ["webhook"]}}}"#, "programs"),
            (r#"{"people": {"svc-x": {"by": ["email"]}}}"#, "svc-x"),
            (r#"{"alerts": {"most": 0}}"#, "at least 1"),
            (r#"{"links": {"page": "javascript:alert(1)"}}"#, "https"),
        ] {
            let refused = serde_json::from_str::<Roster>(change).unwrap().checked().unwrap_err().to_string();
            assert!(refused.contains(why), "{change}: {refused}");
        }
    }
}
