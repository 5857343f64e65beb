//! What a message bus carries, as JSON: telemetry in; alerts, diagnoses, tickets and feedback out. Read by programs without us, so shapes only grow.

use crate::{
    Timestamp,
    action::Action,
    case::{Outcome, Severity},
    evidence::{Evidence, Feature},
    ids::{ActionId, ActionName, AssetId, CaseId, CauseId, SignalId, SiteId},
    quantity::QuantityKind,
    schema,
};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A time as other programs read it: RFC 3339, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("format" = "date-time"))]
pub struct Moment(#[schemars(with = "String")] pub Timestamp);

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.0.to_string()
    }
}
impl TryFrom<String> for Moment {
    type Error = crate::time::BadTime;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

/// The kinds of messages that go out, each the first word of its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outward {
    Alerts,
    Diagnosis,
    Tickets,
    Feedback,
}

impl Outward {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Diagnosis => "diagnosis",
            Self::Tickets => "tickets",
            Self::Feedback => "feedback",
        }
    }
    /// `alerts/<site>/<asset>`.
    pub fn topic(self, site: &SiteId, asset: &AssetId) -> String {
        format!("{}/{site}/{asset}", self.as_str())
    }
}

/// What a gateway publishes and a collector takes: values under any names, nested if need be, and when they were measured. The plant file
/// says which of them is which signal, as `topic#/json/pointer`, and where the time is, here `/ts`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Telemetry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ts: Option<SourceTime>,
    #[serde(flatten)]
    pub values: BTreeMap<String, Value>,
}

/// When the source measured it; without it, the time of arrival counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SourceTime {
    /// RFC 3339.
    Text(Moment),
    /// Since 1970, UTC: seconds, milliseconds, microseconds or nanoseconds, told apart by their size.
    Number(f64),
}

/// The monitor saw an asset depart from normal. Kept by the broker while the asset has an open case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alert {
    /// The same each time this message is sent: whoever has seen it may pass it over.
    pub id: Uuid,
    /// When it happened at the plant.
    pub ts: Moment,
    pub site: SiteId,
    pub asset: AssetId,
    /// The case that it opened or joined.
    pub case: CaseId,
    pub severity: Severity,
    /// Which rule raised it: `drift`, `mewma`, …
    pub detector: String,
    /// It came from readings older than 30 s on arrival: nothing is done about it automatically.
    pub late: bool,
    pub evidence: Vec<Figure>,
}

/// One figure about one signal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figure {
    pub signal: SignalId,
    pub kind: QuantityKind,
    pub feature: Feature,
    /// In the feature's own measure; for `drift` baseline standard deviations, signed.
    pub magnitude: f64,
    /// Mean over the window, in the signal's unit.
    pub current: f64,
    /// Baseline mean, in the signal's unit.
    pub expected: f64,
    /// The window that the figure was taken over, in seconds, ending at `ts`.
    pub window_s: u32,
    pub ts: Moment,
}

impl From<&Evidence> for Figure {
    fn from(evidence: &Evidence) -> Self {
        let Evidence { signal, kind, feature, magnitude, current, expected, window_s, at } = evidence.clone();
        Self { signal, kind, feature, magnitude, current, expected, window_s, ts: Moment(at) }
    }
}

/// Somebody says why. Kept by the broker while the asset has an open case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// The same each time this message is sent: whoever has seen it may pass it over.
    pub id: Uuid,
    /// When it was said.
    pub ts: Moment,
    pub site: SiteId,
    pub asset: AssetId,
    pub case: CaseId,
    pub cause: CauseId,
    /// 0 to 1.
    pub confidence: f64,
    /// `rules@<digest>`, `person`, …
    pub by: String,
    pub explanation: String,
    pub evidence_for: Vec<Figure>,
    pub evidence_against: Vec<Figure>,
    /// What it suggests doing, best first.
    pub suggests: Vec<ActionName>,
}

/// How a case stands, told anew whenever that changes. The last one is kept by the broker, closed or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ticket {
    /// The same each time this message is sent: whoever has seen it may pass it over.
    pub id: Uuid,
    /// When the case came to stand so.
    pub ts: Moment,
    pub site: SiteId,
    pub asset: AssetId,
    pub case: CaseId,
    pub status: Status,
    /// One word for where the case stands: `open`, `diagnosed`, `awaiting_approval`, `acting`, `verifying`, `mitigated`, …
    pub stage: String,
    /// The worst of its alerts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<CauseId>,
    /// How it ended, once it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    pub opened_at: Moment,
    pub actions: Vec<TicketAction>,
    /// Where it is on Millwright's page, behind the page's address: `/#/cases/<case>`.
    pub link: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Open,
    Closed,
}

/// Something that was proposed in the case, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TicketAction {
    pub action: ActionId,
    pub name: ActionName,
    /// `awaiting_approval`, `approved`, `started`, `completed`, `unverified`, `rejected`, `expired`, `superseded`, `voided` or `failed`.
    pub stage: String,
}

impl From<&Action> for TicketAction {
    fn from(action: &Action) -> Self {
        let proposal = action.proposal();
        Self { action: proposal.action, name: proposal.name.clone(), stage: action.stage().into() }
    }
}

/// How it ended, said by a person or by the readings. Notes are not told: they are a person's own words, and sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Feedback {
    /// The same each time this message is sent: whoever has seen it may pass it over.
    pub id: Uuid,
    pub ts: Moment,
    pub site: SiteId,
    pub asset: AssetId,
    pub case: CaseId,
    pub outcome: Outcome,
    pub by: Judge,
    /// Whether the case is over. `mitigated` by readings alone leaves it open.
    pub closes: bool,
    /// What the diagnosis had said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosed: Option<CauseId>,
    /// What the person found instead, if it was something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub true_cause: Option<CauseId>,
    /// The action that gets the credit, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credited: Option<ActionId>,
    pub evidence: Vec<Figure>,
}

/// Who said it; persons are not named on a bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Judge {
    Person,
    Readings,
}

/// The five schemas by name, as they are published.
pub fn schemas() -> [(&'static str, Schema); 5] {
    [
        ("telemetry", schema::of::<Telemetry>()),
        ("alert", schema::of::<Alert>()),
        ("diagnosis", schema::of::<Diagnosis>()),
        ("ticket", schema::of::<Ticket>()),
        ("feedback", schema::of::<Feedback>()),
    ]
}
