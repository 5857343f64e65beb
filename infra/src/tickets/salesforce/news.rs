//! What people did in our cases since a time, by asking: comments, closing, and reopening where the history of the status is kept.
//!
//! | deed | name |
//! |---|---|
//! | a comment | `salesforce:comment:<id>` |
//! | a case closed | `salesforce:case:<id>:closed:<ClosedDate>` |
//! | a case reopened | `salesforce:history:<id of the entry>` |

use super::SalesforceCases;
use crate::tickets::{mark, ways};
use chrono::{DateTime, Utc};
use millwright_domain::ports::{
    messenger::NotTaken,
    ticket_system::{Deed, OutsideDeed, TicketNews},
};
use serde_json::Value;

type Dated = (String, OutsideDeed);

impl SalesforceCases {
    pub(super) async fn news_since(&self, since: Option<DateTime<Utc>>) -> Result<TicketNews, NotTaken> {
        let field = &self.settings.external_id;
        let from = ways::iso(since.unwrap_or_else(Utc::now));
        let limit = if since.is_none() { " LIMIT 1" } else { "" };
        let cases = format!(
            "SELECT Id, IsClosed, ClosedDate, LastModifiedDate, LastModifiedById, LastModifiedBy.Username FROM Case \
             WHERE {field} != null AND SystemModstamp >= {from}{limit}"
        );
        let (cases, asked_at) = self.client.query_at(&cases).await?;
        let Some(since) = since else { return Ok(TicketNews { deeds: Vec::new(), next: ways::iso(asked_at) }) };
        let comments = format!(
            "SELECT Id, ParentId, CommentBody, CreatedDate, CreatedById, CreatedBy.Username FROM CaseComment \
             WHERE Parent.{field} != null AND CreatedDate >= {from}"
        );
        let own = self.client.user().await?;
        let comments = self.client.query(&comments).await?;
        let mut deeds: Vec<Dated> = cases.iter().filter_map(|case| self.closed(case, since, &own)).collect();
        deeds.extend(comments.iter().filter_map(|comment| self.commented(comment, &own)));
        deeds.extend(self.reopened(&from, &own).await?);
        deeds.sort_by(|(former, _), (later, _)| former.cmp(later));
        Ok(TicketNews { deeds: deeds.into_iter().map(|(_, deed)| deed).collect(), next: ways::next(since, asked_at) })
    }

    fn deed(&self, case: &str, delivery: String, account: &str, deed: Deed, words: &str) -> OutsideDeed {
        OutsideDeed { ticket: self.reference(&ways::line(case)), delivery, account: ways::line(account), deed, words: ways::words(words) }
    }

    /// Whoever changed the case last closed it, if that was at the time of its closing; else nobody knows who did.
    fn closed(&self, case: &Value, since: DateTime<Utc>, own: &str) -> Option<Dated> {
        let (id, closed) = (case["Id"].as_str()?, case["ClosedDate"].as_str()?);
        let is_news = case["IsClosed"] == true && time(closed).is_some_and(|closed| closed >= since);
        let was_last = case["LastModifiedDate"].as_str().and_then(time) == time(closed);
        let is_own = case["LastModifiedById"] == own;
        if !is_news || is_own && was_last {
            return None;
        }
        let account = if was_last { case["LastModifiedBy"]["Username"].as_str().unwrap_or_default() } else { "" };
        let delivery = format!("salesforce:case:{id}:closed:{}", ways::iso(time(closed)?));
        Some((closed.to_string(), self.deed(id, delivery, account, Deed::Closed(None), "")))
    }

    fn commented(&self, comment: &Value, own: &str) -> Option<Dated> {
        let text = |field: &str| comment[field].as_str();
        let (id, case, at, body) = (text("Id")?, text("ParentId")?, text("CreatedDate")?, text("CommentBody").unwrap_or_default());
        if text("CreatedById") == Some(own) || mark::is_ours(body) {
            return None;
        }
        let account = comment["CreatedBy"]["Username"].as_str().unwrap_or_default();
        Some((at.to_string(), self.deed(case, format!("salesforce:comment:{}", ways::line(id)), account, Deed::Commented, body)))
    }

    /// A case itself does not tell that it was closed before; its history does, where it is kept.
    async fn reopened(&self, from: &str, own: &str) -> Result<Vec<Dated>, NotTaken> {
        let field = &self.settings.external_id;
        let history = format!(
            "SELECT Id, CaseId, OldValue, NewValue, CreatedDate, CreatedById, CreatedBy.Username FROM CaseHistory \
             WHERE Field = 'Status' AND Case.{field} != null AND CreatedDate >= {from}"
        );
        let history = match self.client.query(&history).await {
            Err(NotTaken::ForGood(why)) if why.contains("INVALID_TYPE") => Vec::new(),
            asked => asked?,
        };
        if history.is_empty() {
            return Ok(Vec::new());
        }
        let statuses = self.client.query("SELECT ApiName, MasterLabel FROM CaseStatus WHERE IsClosed = true").await?;
        let is_closed =
            |value: &Value| !value.is_null() && statuses.iter().any(|status| &status["ApiName"] == value || &status["MasterLabel"] == value);
        let reopened = |entry: &Value| {
            let (id, case, at) = (entry["Id"].as_str()?, entry["CaseId"].as_str()?, entry["CreatedDate"].as_str()?);
            if entry["CreatedById"] == own || !is_closed(&entry["OldValue"]) || is_closed(&entry["NewValue"]) {
                return None;
            }
            let account = entry["CreatedBy"]["Username"].as_str().unwrap_or_default();
            Some((at.to_string(), self.deed(case, format!("salesforce:history:{}", ways::line(id)), account, Deed::Reopened, "")))
        };
        Ok(history.iter().filter_map(reopened).collect())
    }
}

/// Salesforce writes the zone as `+0000`.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let parsed = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").or_else(|_other| DateTime::parse_from_rfc3339(text));
    parsed.ok().map(|time| time.with_timezone(&Utc))
}
