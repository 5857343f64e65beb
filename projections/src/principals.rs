//! Who may do what, who signed in when, and which tokens there are?

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
    access::{Grant, Role},
    ids::{ActorId, TokenId},
    sealed::Sealed,
};
use serde::{Deserialize, Serialize};

/// Somebody with a name or a role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrincipalRow {
    pub principal: ActorId,
    /// `None` for a program, and once the person was forgotten.
    pub name: Option<Sealed>,
    pub grants: Vec<Grant>,
    /// Wall time, and how.
    pub signed_in: Option<(Timestamp, String)>,
    /// Wall time.
    pub changed_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenRow {
    pub token: TokenId,
    pub holder: ActorId,
    pub label: String,
    pub at_most: Role,
    pub expires_at: Timestamp,
    pub by: ActorId,
    pub issued_at: Timestamp,
    pub revoked: Option<(ActorId, Timestamp)>,
}

static PRINCIPALS: Table = Table {
    name: "principals",
    columns: &[("id", Kind::Text), ("grants", Kind::Whole), ("changed_at", Kind::Time), ("doc", Kind::Doc)],
    key: 1,
    indexes: &[],
};

static TOKENS: Table = Table {
    name: "tokens",
    columns: &[("id", Kind::Text), ("holder", Kind::Text), ("expires_at", Kind::Time), ("revoked", Kind::Whole), ("doc", Kind::Doc)],
    key: 1,
    indexes: &[&["holder"]],
};

impl Shelved for PrincipalRow {
    const TABLE: &'static Table = &PRINCIPALS;
    fn key(&self) -> String {
        self.principal.to_string()
    }
    fn columns(&self) -> Vec<Value> {
        vec![Value::Whole(i64::try_from(self.grants.len()).unwrap_or(i64::MAX)), Value::Time(self.changed_at)]
    }
}

impl Shelved for TokenRow {
    const TABLE: &'static Table = &TOKENS;
    fn key(&self) -> String {
        self.token.to_string()
    }
    fn columns(&self) -> Vec<Value> {
        vec![Value::text(&self.holder), Value::Time(self.expires_at), Value::Whole(i64::from(self.revoked.is_some()))]
    }
}

#[derive(Default)]
pub(crate) struct Principals {
    principals: Shelf<PrincipalRow>,
    tokens: Shelf<TokenRow>,
}

#[async_trait]
impl Projection for Principals {
    fn name(&self) -> &'static str {
        "principals"
    }
    fn version(&self) -> u32 {
        1
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&PRINCIPALS, &TOKENS]
    }
    async fn recall(&mut self, facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        let named = facts.iter().filter_map(|fact| about(fact.event().ok()?)).map(ToString::to_string);
        self.principals.recall(named, db).await?;
        let tokens = facts.iter().filter_map(|fact| match fact.event().ok()? {
            Event::TokenRevoked(fact) => Some(fact.token.to_string()),
            _ => None,
        });
        self.tokens.recall(tokens, db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let at = fact.recorded_at;
        let event = fact.event()?;
        if let Some(who) = about(event) {
            self.turn(who, at, event);
        }
        match event {
            Event::TokenIssued(issued) => self.tokens.put(TokenRow {
                token: issued.token,
                holder: issued.holder.clone(),
                label: issued.label.clone(),
                at_most: issued.at_most,
                expires_at: issued.expires_at,
                by: issued.by.clone(),
                issued_at: at,
                revoked: None,
            }),
            Event::TokenRevoked(revoked) => {
                if let Some(row) = self.tokens.edit(&revoked.token.to_string()) {
                    row.revoked = Some((revoked.by.clone(), at));
                }
            }
            _ => {}
        }
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.principals.drain(writes);
        self.tokens.drain(writes);
    }
    fn forget(&mut self) {
        self.principals.forget();
        self.tokens.forget();
    }
}

/// Whose row the fact turns.
fn about(event: &Event) -> Option<&ActorId> {
    match event {
        Event::PersonIntroduced(fact) => Some(&fact.person),
        Event::PersonForgotten(fact) => Some(&fact.person),
        Event::GrantsSet(fact) => Some(&fact.principal),
        Event::SignedIn(fact) => Some(&fact.person),
        _ => None,
    }
}

impl Principals {
    fn turn(&mut self, who: &ActorId, at: Timestamp, event: &Event) {
        let key = who.to_string();
        if self.principals.get(&key).is_none() {
            let principal = who.clone();
            self.principals.put(PrincipalRow { principal, name: None, grants: vec![], signed_in: None, changed_at: at });
        }
        let Some(row) = self.principals.edit(&key) else { return };
        row.changed_at = at;
        match event {
            Event::PersonIntroduced(fact) => row.name = Some(fact.name.clone()),
            Event::PersonForgotten(_) => (row.name, row.grants) = (None, vec![]),
            Event::GrantsSet(fact) => row.grants.clone_from(&fact.grants),
            Event::SignedIn(fact) => row.signed_in = Some((at, fact.how.clone())),
            _ => {}
        }
    }
}

pub async fn find(db: &Db, principal: &ActorId) -> Result<Option<PrincipalRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM principals WHERE id = $1").bind(Value::text(principal)).doc(db).await?)
}

/// A plant's people and programs are few.
pub async fn all(db: &Db) -> Result<Vec<PrincipalRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM principals ORDER BY id").docs(db).await?)
}

pub async fn token(db: &Db, token: TokenId) -> Result<Option<TokenRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM tokens WHERE id = $1").bind(Value::text(token)).doc(db).await?)
}

/// Persons who may give roles everywhere.
pub async fn admins(db: &Db) -> Result<Vec<ActorId>, NotRead> {
    let is_admin =
        |row: &PrincipalRow| !row.principal.is_service() && row.grants.iter().any(|grant| grant.role == Role::Admin && grant.site.is_none());
    Ok(all(db).await?.into_iter().filter(is_admin).map(|row| row.principal).collect())
}

/// Those that ended are left out a while after: `since` is wall time.
pub async fn tokens(db: &Db, since: Timestamp) -> Result<Vec<TokenRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM tokens WHERE expires_at >= $1 ORDER BY holder, id").bind(Value::Time(since)).docs(db).await?)
}
