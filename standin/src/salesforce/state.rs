//! Cases, their comments and the history of their status, as records that a query can ask for.

use super::SalesforceServer;
use crate::time::{Time, iso_millis};
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    pub id: String,
    /// What stands in the external id field.
    pub external: Option<String>,
    pub subject: String,
    pub description: String,
    pub priority: String,
    pub status: String,
    pub origin: String,
    pub closed: Option<i64>,
    pub modified: i64,
    pub modified_by: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CaseComment {
    pub id: String,
    pub case: String,
    pub body: String,
    pub by: String,
    pub created: i64,
}

struct Change {
    case: String,
    before: String,
    after: String,
    by: String,
    created: i64,
}

#[derive(Default)]
pub(crate) struct State {
    pub secret: String,
    /// Access tokens that are good.
    pub tokens: Vec<String>,
    pub given: usize,
    pub cases: Vec<Case>,
    pub comments: Vec<CaseComment>,
    history: Vec<Change>,
}

pub const STATUSES: [(&str, bool); 4] = [("New", false), ("Working", false), ("Escalated", false), ("Closed", true)];

fn is_closed(status: &str) -> bool {
    STATUSES.contains(&(status, true))
}

impl State {
    pub fn token(&mut self) -> String {
        self.given += 1;
        let token = format!("00D000000000001!AQcAQstandin{}", self.given);
        self.tokens.push(token.clone());
        token
    }
    pub fn case_mut(&mut self, id: &str) -> Option<&mut Case> {
        self.cases.iter_mut().find(|case| case.id == id)
    }
    pub fn by_external(&self, value: &str) -> Option<&Case> {
        self.cases.iter().find(|case| case.external.as_deref() == Some(value))
    }

    pub fn create(&mut self, by: &str, external: &str, fields: &Value, time: &Time) -> String {
        let (id, now) = (format!("500{:012}AAA", self.cases.len() + 1), time.tick());
        self.cases.push(Case {
            id: id.clone(),
            external: Some(external.into()),
            subject: String::new(),
            description: String::new(),
            priority: "Medium".into(),
            status: "New".into(),
            origin: String::new(),
            closed: None,
            modified: now,
            modified_by: by.into(),
        });
        self.update(by, &id, fields, time);
        id
    }

    pub fn update(&mut self, by: &str, id: &str, fields: &Value, time: &Time) {
        let now = time.tick();
        let Some(case) = self.case_mut(id) else { return };
        let set = |field: &mut String, name: &str| *field = fields[name].as_str().unwrap_or(field).to_string();
        set(&mut case.subject, "Subject");
        set(&mut case.description, "Description");
        set(&mut case.priority, "Priority");
        set(&mut case.origin, "Origin");
        (case.modified, case.modified_by) = (now, by.into());
        if let Some(status) = fields["Status"].as_str() {
            self.move_status(by, id, status, now);
        }
    }

    pub fn set_status(&mut self, by: &str, id: &str, status: &str, time: &Time) {
        let now = time.tick();
        self.move_status(by, id, status, now);
    }

    fn move_status(&mut self, by: &str, id: &str, status: &str, now: i64) {
        let Some(case) = self.case_mut(id).filter(|case| case.status != status) else { return };
        let before = std::mem::replace(&mut case.status, status.to_string());
        (case.modified, case.modified_by) = (now, by.into());
        if is_closed(status) != is_closed(&before) {
            case.closed = is_closed(status).then_some(now);
        }
        self.history.push(Change { case: id.into(), before, after: status.into(), by: by.into(), created: now });
    }

    pub fn comment(&mut self, by: &str, case: &str, body: &str, time: &Time) -> String {
        let id = format!("00a{:012}AAA", self.comments.len() + 1);
        self.comments.push(CaseComment { id: id.clone(), case: case.into(), body: body.into(), by: by.into(), created: time.tick() });
        id
    }

    /// All records of an object; `None` for one that there is not.
    pub fn records(&self, object: &str) -> Option<Vec<Value>> {
        let at = |seconds: i64| iso_millis(seconds, "+0000");
        let field = SalesforceServer::FIELD;
        let external = |case: &str| self.cases.iter().find(|one| one.id == case).and_then(|case| case.external.clone());
        let case = |case: &Case| {
            json!({
                "Id": case.id, field: case.external, "Subject": case.subject, "Status": case.status, "IsClosed": is_closed(&case.status),
                "ClosedDate": case.closed.map(at), "SystemModstamp": at(case.modified), "LastModifiedDate": at(case.modified),
                "LastModifiedById": id_of(&case.modified_by), "LastModifiedBy": {"Username": case.modified_by},
            })
        };
        let comment = |comment: &CaseComment| {
            json!({
                "Id": comment.id, "ParentId": comment.case, "Parent": {field: external(&comment.case)}, "CommentBody": comment.body,
                "CreatedDate": at(comment.created), "CreatedById": id_of(&comment.by), "CreatedBy": {"Username": comment.by},
            })
        };
        let change = |(number, change): (usize, &Change)| {
            json!({
                "Id": format!("017{number:012}AAA"), "CaseId": change.case, "Case": {field: external(&change.case)}, "Field": "Status",
                "OldValue": change.before, "NewValue": change.after, "CreatedDate": at(change.created), "CreatedById": id_of(&change.by),
                "CreatedBy": {"Username": change.by},
            })
        };
        let status = |(name, closed): (&str, bool)| json!({"MasterLabel": name, "ApiName": name, "IsClosed": closed});
        match object {
            "Case" => Some(self.cases.iter().map(case).collect()),
            "CaseComment" => Some(self.comments.iter().map(comment).collect()),
            "CaseHistory" => Some(self.history.iter().enumerate().map(change).collect()),
            "CaseStatus" => Some(STATUSES.into_iter().map(status).collect()),
            _ => None,
        }
    }
}

/// A person's user id, made from the name; ours is the client's.
fn id_of(user: &str) -> String {
    if user == SalesforceServer::USER { user.into() } else { format!("005{:0>12}AAA", user.len()) }
}
