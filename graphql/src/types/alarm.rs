//! Alarms by their ISA-18.2 state, and how well they serve the people.

use crate::{
    notes,
    scalars::{id, time},
    state::AppState,
    types::{
        case::Severity,
        evidence::{self, Evidence},
    },
};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{Timestamp, alarm};
use millwright_projections::{
    alarm_performance::{self, Figure},
    alarms::AlarmRow,
};

/// ISA-18.2.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "alarm::AlarmState")]
pub enum AlarmState {
    Normal,
    Unacknowledged,
    Acknowledged,
    ReturnedUnacknowledged,
    Shelved,
    SuppressedByDesign,
    OutOfService,
}

/// A detector on a machine.
pub struct Alarm {
    pub(crate) row: AlarmRow,
    /// Wall time.
    pub(crate) now: Timestamp,
    /// Somebody works on the machine.
    pub(crate) by_design: bool,
}

#[Object]
impl Alarm {
    async fn site(&self) -> ID {
        id(&self.row.site)
    }
    async fn asset(&self) -> ID {
        id(&self.row.asset)
    }
    async fn detector(&self) -> &str {
        &self.row.detector
    }
    async fn state(&self) -> AlarmState {
        self.row.alarm.state(self.now, self.by_design).into()
    }
    async fn severity(&self) -> Option<Severity> {
        self.row.alarm.severity.map(Severity::from)
    }
    /// Plant time of the latest raising.
    async fn raised_at(&self) -> Option<DateTime<Utc>> {
        self.row.alarm.raised_at.map(time)
    }
    /// How often it was raised in all.
    async fn raised(&self) -> u64 {
        self.row.raised
    }
    /// Plant time.
    async fn changed_at(&self) -> DateTime<Utc> {
        time(self.row.changed_at)
    }
    async fn acknowledged_by(&self) -> Option<ID> {
        self.row.acknowledged_by.as_ref().map(id)
    }
    /// Wall time.
    async fn shelved_until(&self) -> Option<DateTime<Utc>> {
        self.row.alarm.shelved_until.map(time)
    }
    /// Who shelved it or took it out of service.
    async fn silenced_by(&self) -> Option<ID> {
        self.row.silenced.as_ref().map(|(by, _)| id(by))
    }
    /// Why. `(forgotten)` once the person who wrote it was forgotten.
    async fn reason(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        notes::opened(ctx.data::<AppState>()?, self.row.silenced.as_ref().map(|(_, reason)| reason))
    }
    /// Of the latest raising.
    async fn evidence(&self) -> Vec<Evidence> {
        evidence::shown(&self.row.evidence)
    }
}

/// ISA-18.2 and EEMUA 191, over a span of plant time.
#[derive(SimpleObject)]
pub struct AlarmPerformance {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    raised: usize,
    /// More than ten alarms in ten minutes, and not below five since.
    in_flood: bool,
    figures: Vec<AlarmFigure>,
    /// The ten most frequent.
    top: Vec<FrequentAlarm>,
    by_severity: Vec<SeverityShare>,
}

#[derive(SimpleObject)]
pub struct AlarmFigure {
    /// Stable word for programs: `rate`, `peak`, `flood`, `top_ten`, `chattering`, `stale`, `acknowledge`.
    code: &'static str,
    name: &'static str,
    /// Null: there was too little to say it from.
    value: Option<f64>,
    unit: &'static str,
    /// At most this much.
    target: f64,
    met: bool,
}

#[derive(SimpleObject)]
pub struct FrequentAlarm {
    asset: ID,
    detector: String,
    count: usize,
    /// Rose three times within a minute.
    chatters: bool,
}

#[derive(SimpleObject)]
pub struct SeverityShare {
    severity: Severity,
    /// 0 to 1.
    share: f64,
}

impl AlarmPerformance {
    pub(crate) fn of(found: alarm_performance::AlarmPerformance, [from, to]: [Timestamp; 2]) -> Self {
        let figure = |figure: Figure| AlarmFigure {
            met: figure.is_met(),
            code: figure.code,
            name: figure.name,
            value: figure.value,
            unit: figure.unit,
            target: figure.target,
        };
        let frequent = |alarm: alarm_performance::Frequent| FrequentAlarm {
            asset: id(&alarm.asset),
            detector: alarm.detector,
            count: alarm.count,
            chatters: alarm.chatters,
        };
        Self {
            from: time(from),
            to: time(to),
            raised: found.raised,
            in_flood: found.in_flood,
            figures: found.figures.into_iter().map(figure).collect(),
            top: found.top.into_iter().map(frequent).collect(),
            by_severity: found.by_severity.into_iter().map(|(severity, share)| SeverityShare { severity: severity.into(), share }).collect(),
        }
    }
}
