//! Which alarms stand, which are latched, shelved or out of service; and each annunciation, for the figures of alarm performance.

use crate::{
    db::{Ask, Conn, Db, NotRead, Row},
    fact::{Fact, Poison},
    projection::Projection,
    shelf::{Shelf, Shelved},
    table::{Kind, Table, Value, Writes},
};
use async_trait::async_trait;
use millwright_domain::{
    Event, Timestamp,
    alarm::{Alarm, AlarmFact},
    case::Severity,
    evidence::Evidence,
    ids::{ActorId, AssetId, SiteId},
    sealed::Sealed,
    site::alarm_fact,
};
use serde::{Deserialize, Serialize};

/// One alarm: a detector on a machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmRow {
    pub site: SiteId,
    pub asset: AssetId,
    pub detector: String,
    pub alarm: Alarm,
    /// Plant time of the latest change.
    pub changed_at: Timestamp,
    pub raised: u64,
    pub acknowledged_by: Option<ActorId>,
    /// Who shelved it or took it out of service, and why.
    pub silenced: Option<(ActorId, Sealed)>,
    pub evidence: Vec<Evidence>,
}

static ALARMS: Table = Table {
    name: "alarms",
    columns: &[
        ("key", Kind::Text),
        ("site", Kind::Text),
        ("asset", Kind::Text),
        ("detector", Kind::Text),
        ("active", Kind::Whole),
        ("acknowledged", Kind::Whole),
        ("severity", Kind::Text),
        ("raised_at", Kind::Time),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[],
};

static ALARM_LOG: Table = Table {
    name: "alarm_log",
    columns: &[
        ("site", Kind::Text),
        ("seq", Kind::Whole),
        ("at", Kind::Time),
        ("asset", Kind::Text),
        ("detector", Kind::Text),
        ("severity", Kind::Text),
        ("what", Kind::Text),
    ],
    key: 2,
    indexes: &[&["site", "at"]],
};

impl Shelved for AlarmRow {
    const TABLE: &'static Table = &ALARMS;
    fn key(&self) -> String {
        key(&self.site, &self.asset, &self.detector)
    }
    fn columns(&self) -> Vec<Value> {
        vec![
            Value::text(&self.site),
            Value::text(&self.asset),
            Value::text(&self.detector),
            Value::Whole(self.alarm.active.into()),
            Value::Whole(self.alarm.acknowledged.into()),
            Value::maybe(self.alarm.severity, |severity| Value::word(&severity)),
            Value::maybe(self.alarm.raised_at, Value::Time),
        ]
    }
}

fn key(site: &SiteId, asset: &AssetId, detector: &str) -> String {
    format!("{site}/{asset}/{detector}")
}

#[derive(Default)]
pub(crate) struct Alarms {
    alarms: Shelf<AlarmRow>,
    log: Vec<Vec<Value>>,
}

#[async_trait]
impl Projection for Alarms {
    fn name(&self) -> &'static str {
        "alarms"
    }
    fn version(&self) -> u32 {
        1
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&ALARMS, &ALARM_LOG]
    }
    async fn recall(&mut self, _facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        self.alarms.recall_all(db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let Some(site) = &fact.site else { return Ok(()) };
        let event = fact.event()?;
        let Some((asset, detector, change)) = alarm_fact(event) else { return Ok(()) };
        let mut row = self.alarms.get(&key(site, asset, detector)).cloned().unwrap_or_else(|| unraised(site, asset, detector, fact.occurred_at));
        row.alarm.evolve(change, fact.occurred_at);
        row.changed_at = fact.occurred_at;
        note(&mut row, event, &fact.actor);
        self.log.push(vec![
            Value::text(site),
            Value::count(fact.seq),
            Value::Time(fact.occurred_at),
            Value::text(asset),
            Value::text(detector),
            Value::maybe(row.alarm.severity, |severity| Value::word(&severity)),
            Value::text(what(change)),
        ]);
        self.alarms.put(row);
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.alarms.drain(writes);
        writes.upsert(&ALARM_LOG, std::mem::take(&mut self.log));
    }
    fn forget(&mut self) {
        *self = Self::default();
    }
}

fn unraised(site: &SiteId, asset: &AssetId, detector: &str, at: Timestamp) -> AlarmRow {
    AlarmRow {
        site: site.clone(),
        asset: asset.clone(),
        detector: detector.into(),
        alarm: Alarm::default(),
        changed_at: at,
        raised: 0,
        acknowledged_by: None,
        silenced: None,
        evidence: vec![],
    }
}

fn note(row: &mut AlarmRow, event: &Event, by: &ActorId) {
    match event {
        Event::AlertRaised(fact) => {
            row.raised += 1;
            row.acknowledged_by = None;
            row.evidence.clone_from(&fact.evidence);
        }
        Event::AlertSuppressed(fact) => {
            row.acknowledged_by = None;
            row.evidence.clone_from(&fact.evidence);
        }
        Event::AlarmAcknowledged(_) => row.acknowledged_by = Some(by.clone()),
        Event::AlarmShelved(fact) => row.silenced = Some((fact.by.clone(), fact.reason.clone())),
        Event::AlarmTakenOutOfService(fact) => row.silenced = Some((fact.by.clone(), fact.reason.clone())),
        // A shelf that ends does not end what was taken out of service meanwhile.
        Event::AlarmUnshelved(_) | Event::AlarmReturnedToService(_) if !row.alarm.out_of_service && row.alarm.shelved_until.is_none() => {
            row.silenced = None;
        }
        _ => {}
    }
}

const fn what(change: AlarmFact<'_>) -> &'static str {
    match change {
        AlarmFact::Raised(_) => "raised",
        AlarmFact::Suppressed(_) => "suppressed",
        AlarmFact::Cleared => "cleared",
        AlarmFact::Acknowledged => "acknowledged",
        AlarmFact::Shelved(_) => "shelved",
        AlarmFact::Unshelved => "unshelved",
        AlarmFact::TakenOutOfService => "taken out of service",
        AlarmFact::ReturnedToService => "returned to service",
    }
}

/// Every alarm that was ever raised, of a site or of all, latest change first.
pub async fn all(db: &Db, site: Option<&SiteId>) -> Result<Vec<AlarmRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM alarms");
    if let Some(site) = site {
        ask.push(" WHERE site = ").push_bind(Value::text(site));
    }
    ask.push(" ORDER BY key");
    let mut rows: Vec<AlarmRow> = ask.docs(db).await?;
    rows.sort_by(|one, other| other.changed_at.cmp(&one.changed_at).then_with(|| one.key().cmp(&other.key())));
    Ok(rows)
}

/// One line of the alarm log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    pub at: Timestamp,
    pub asset: AssetId,
    pub detector: String,
    pub severity: Option<Severity>,
    pub what: String,
}

/// From a time up to, not including, another (plant time), in the order of time.
pub async fn log(db: &Db, site: &SiteId, [from, to]: [Timestamp; 2], limit: usize) -> Result<Vec<Logged>, NotRead> {
    let ask =
        Ask::new("SELECT at, asset, detector, severity, what FROM alarm_log WHERE site = $1 AND at >= $2 AND at < $3 ORDER BY at, seq LIMIT $4");
    let ask = ask.bind(Value::text(site)).bind(Value::Time(from)).bind(Value::Time(to)).bind(Value::count(limit as u64));
    Ok(ask.rows(db).await?.iter().map(logged).collect::<Result<_, sqlx::Error>>()?)
}

fn logged(row: &Row) -> Result<Logged, sqlx::Error> {
    let severity = row.maybe_text("severity")?.and_then(|word| serde_json::from_value(serde_json::Value::String(word)).ok());
    Ok(Logged { at: row.time("at")?, asset: row.parsed("asset")?, detector: row.text("detector")?, severity, what: row.text("what")? })
}
