//! Which calls to models can be read again, where are their words, and which keys open them? The words stay on the ledger, sealed.

use crate::{
    db::{Ask, Conn, Db, NotRead},
    fact::{Fact, Poison},
    projection::Projection,
    shelf::{Shelf, Shelved},
    table::{Kind, Table, Value, Writes},
};
use async_trait::async_trait;
use millwright_domain::{
    Event, Timestamp,
    ids::{ActorId, CaseId, DeploymentName, SiteId},
    kept_call::ModelCallKept,
    position::PartitionId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptCallRow {
    pub call: Uuid,
    pub attempt: u32,
    pub site: SiteId,
    pub case: Option<CaseId>,
    pub agent: ActorId,
    pub deployment: DeploymentName,
    pub answered: bool,
    pub at: Timestamp,
    pub digest: String,
    pub bytes: u64,
    pub key: ActorId,
    /// Whether the words themselves are on the ledger.
    pub has_words: bool,
    /// Where.
    pub partition: PartitionId,
    pub seq: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallKeyRow {
    pub key: ActorId,
    pub site: SiteId,
    pub case: Option<CaseId>,
    /// Of the last call that was sealed with it.
    pub agent: ActorId,
    pub last_at: Timestamp,
    pub shredded_at: Option<Timestamp>,
}

static KEPT_CALLS: Table = Table {
    name: "kept_calls",
    columns: &[
        ("key", Kind::Text),
        ("call_id", Kind::Text),
        ("site", Kind::Text),
        ("case_id", Kind::Text),
        ("agent", Kind::Text),
        ("deployment", Kind::Text),
        ("answered", Kind::Whole),
        ("kept_at", Kind::Time),
        ("key_name", Kind::Text),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[&["call_id"], &["case_id"], &["site", "kept_at"]],
};

static CALL_KEYS: Table = Table {
    name: "call_keys",
    columns: &[
        ("key_name", Kind::Text),
        ("site", Kind::Text),
        ("case_id", Kind::Text),
        ("last_at", Kind::Time),
        ("shredded_at", Kind::Time),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[&["site", "last_at"], &["case_id"]],
};

impl Shelved for KeptCallRow {
    const TABLE: &'static Table = &KEPT_CALLS;
    fn key(&self) -> String {
        format!("{}/{}", self.call, self.attempt)
    }
    fn columns(&self) -> Vec<Value> {
        vec![
            Value::text(self.call),
            Value::text(&self.site),
            Value::maybe(self.case, Value::text),
            Value::text(&self.agent),
            Value::text(&self.deployment),
            Value::Whole(self.answered.into()),
            Value::Time(self.at),
            Value::text(&self.key),
        ]
    }
}

impl Shelved for CallKeyRow {
    const TABLE: &'static Table = &CALL_KEYS;
    fn key(&self) -> String {
        self.key.to_string()
    }
    fn columns(&self) -> Vec<Value> {
        let (case, shredded) = (Value::maybe(self.case, Value::text), Value::maybe(self.shredded_at, Value::Time));
        vec![Value::text(&self.site), case, Value::Time(self.last_at), shredded]
    }
}

#[derive(Default)]
pub(crate) struct KeptCalls {
    calls: Shelf<KeptCallRow>,
    keys: Shelf<CallKeyRow>,
}

#[async_trait]
impl Projection for KeptCalls {
    fn name(&self) -> &'static str {
        "kept_calls"
    }
    fn version(&self) -> u32 {
        1
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&KEPT_CALLS, &CALL_KEYS]
    }
    async fn recall(&mut self, facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        let keys = facts.iter().filter_map(|fact| match fact.event() {
            Ok(Event::ModelCallKept(kept)) => Some(kept.key.to_string()),
            Ok(Event::CallWordsShredded(shredded)) => Some(shredded.key.to_string()),
            _ => None,
        });
        self.keys.recall(keys.collect::<Vec<_>>(), db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let Some(site) = &fact.site else { return Ok(()) };
        // A stream that others have stopped at for what they cannot read says nothing of calls either.
        match fact.event() {
            Ok(Event::ModelCallKept(kept)) => self.keep(site, fact, kept),
            Ok(Event::CallWordsShredded(shredded)) => {
                if let Some(row) = self.keys.edit(shredded.key.as_str()) {
                    row.shredded_at = Some(fact.recorded_at);
                }
            }
            _ => {}
        }
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.calls.drain(writes);
        self.keys.drain(writes);
    }
    fn forget(&mut self) {
        self.calls.forget();
        self.keys.forget();
    }
}

impl KeptCalls {
    fn keep(&mut self, site: &SiteId, fact: &Fact, kept: &ModelCallKept) {
        let shredded_at = self.keys.get(kept.key.as_str()).and_then(|row| row.shredded_at);
        let (key, agent) = (kept.key.clone(), kept.agent.clone());
        if kept.words.is_some() {
            self.keys.put(CallKeyRow {
                key: key.clone(),
                site: site.clone(),
                case: fact.case,
                agent: agent.clone(),
                last_at: fact.recorded_at,
                shredded_at,
            });
        }
        self.calls.put(KeptCallRow {
            call: kept.call,
            attempt: kept.attempt,
            site: site.clone(),
            case: fact.case,
            agent,
            deployment: kept.deployment.clone(),
            answered: kept.answered,
            at: fact.recorded_at,
            digest: kept.digest.clone(),
            bytes: kept.bytes,
            key,
            has_words: kept.words.is_some(),
            partition: fact.partition.clone(),
            seq: fact.seq,
        });
    }
}

/// The attempts of a call, in order.
pub async fn of_call(db: &Db, call: Uuid) -> Result<Vec<KeptCallRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM kept_calls WHERE call_id = $1 ORDER BY key").bind(Value::text(call)).docs(db).await?)
}

/// Which of them are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFilter {
    pub site: Option<SiteId>,
    pub case: Option<CaseId>,
    pub answered_only: bool,
}

/// The latest first.
pub async fn latest(db: &Db, filter: &CallFilter, most: usize) -> Result<Vec<KeptCallRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM kept_calls WHERE 1 = 1");
    if let Some(site) = &filter.site {
        ask.push(" AND site = ").push_bind(Value::text(site));
    }
    if let Some(case) = filter.case {
        ask.push(" AND case_id = ").push_bind(Value::text(case));
    }
    if filter.answered_only {
        ask.push(" AND answered = 1");
    }
    ask.push(&format!(" ORDER BY kept_at DESC, key LIMIT {most}"));
    Ok(ask.docs(db).await?)
}

/// The keys of a site that were last used before then and are still there.
pub async fn keys_before(db: &Db, site: &SiteId, before: Timestamp, most: usize) -> Result<Vec<CallKeyRow>, NotRead> {
    let sql = format!("SELECT doc FROM call_keys WHERE site = $1 AND last_at < $2 AND shredded_at IS NULL ORDER BY last_at LIMIT {most}");
    Ok(Ask::new(sql).bind(Value::text(site)).bind(Value::Time(before)).docs(db).await?)
}

/// The keys to all that was ever said about a case, destroyed ones included.
pub async fn keys_of_case(db: &Db, case: CaseId) -> Result<Vec<CallKeyRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM call_keys WHERE case_id = $1 ORDER BY key_name").bind(Value::text(case)).docs(db).await?)
}

pub async fn key(db: &Db, key: &ActorId) -> Result<Option<CallKeyRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM call_keys WHERE key_name = $1").bind(Value::text(key)).doc(db).await?)
}
