//! As much of SOQL as a poll needs: `SELECT … FROM … WHERE a = 'b' AND … ORDER BY … LIMIT …` over records in JSON.

use crate::time::seconds;
use serde_json::{Map, Value};

#[derive(Debug, PartialEq)]
pub struct Query {
    fields: Vec<String>,
    pub from: String,
    conditions: Vec<Condition>,
    order: Option<(String, bool)>,
    limit: usize,
}

#[derive(Debug, PartialEq)]
struct Condition {
    field: String,
    operator: String,
    value: String,
}

impl Query {
    /// The text of the refusal if it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let malformed = || format!("unexpected token: {text}");
        let rest = text.trim().strip_prefix("SELECT ").ok_or_else(malformed)?;
        let (fields, rest) = rest.split_once(" FROM ").ok_or_else(malformed)?;
        let (rest, limit) = split(rest, " LIMIT ");
        let (rest, order) = split(rest, " ORDER BY ");
        let (from, conditions) = split(rest, " WHERE ");
        let order = order.map(|order| (order.trim_end_matches(" ASC").trim_end_matches(" DESC").to_string(), order.ends_with(" DESC")));
        Ok(Self {
            fields: fields.split(',').map(|field| field.trim().to_string()).collect(),
            from: from.trim().to_string(),
            conditions: conditions.map_or(Ok(Vec::new()), |text| text.split(" AND ").map(condition).collect())?,
            order,
            limit: limit.map_or(Ok(2_000), |limit| limit.trim().parse().map_err(|_no_number| malformed()))?,
        })
    }

    /// Each record has every field that there is; asking for another is refused.
    pub fn run(&self, records: &[Value]) -> Result<Vec<Value>, String> {
        if let Some(record) = records.first() {
            let asked = self.fields.iter().chain(self.conditions.iter().map(|condition| &condition.field));
            if let Some(unknown) = asked.into_iter().find(|field| at(record, field).is_none()) {
                return Err(format!("No such column '{unknown}' on entity '{}'", self.from));
            }
        }
        let mut found: Vec<&Value> = records.iter().filter(|record| self.conditions.iter().all(|condition| condition.holds(record))).collect();
        if let Some((field, descending)) = &self.order {
            found.sort_by_key(|record| at(record, field).and_then(Value::as_str).unwrap_or_default());
            if *descending {
                found.reverse();
            }
        }
        Ok(found.into_iter().take(self.limit).map(|record| self.shown(record)).collect())
    }

    fn shown(&self, record: &Value) -> Value {
        let mut shown = Map::new();
        for field in &self.fields {
            let value = at(record, field).cloned().unwrap_or_default();
            match field.split_once('.') {
                None => drop(shown.insert(field.clone(), value)),
                Some((outer, inner)) => {
                    let nested = shown.entry(outer).or_insert_with(|| Value::Object(Map::new()));
                    nested[inner] = value;
                }
            }
        }
        Value::Object(shown)
    }
}

fn split<'a>(text: &'a str, by: &str) -> (&'a str, Option<&'a str>) {
    text.split_once(by).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn condition(text: &str) -> Result<Condition, String> {
    let mut parts = text.trim().splitn(3, ' ');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(field), Some(operator @ ("=" | "!=" | ">=" | ">")), Some(value)) => {
            Ok(Condition { field: field.into(), operator: operator.into(), value: value.trim().into() })
        }
        _ => Err(format!("unexpected token: {text}")),
    }
}

fn at<'a>(record: &'a Value, field: &str) -> Option<&'a Value> {
    field.split('.').try_fold(record, |value, part| value.get(part))
}

impl Condition {
    fn holds(&self, record: &Value) -> bool {
        let has = at(record, &self.field).unwrap_or(&Value::Null);
        let is_same = match self.value.as_str() {
            "null" => has.is_null(),
            "true" => has == &Value::Bool(true),
            "false" => has == &Value::Bool(false),
            text if text.starts_with('\'') => has.as_str() == Some(text.trim_matches('\'')),
            _ => false,
        };
        let time = has.as_str().map(seconds).unwrap_or_default();
        match self.operator.as_str() {
            "=" => is_same,
            "!=" => !is_same,
            ">" => time > seconds(&self.value),
            _ => time >= seconds(&self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_query_finds_what_fits_in_order_and_shows_what_it_asked_for() {
        let record = |id: &str, at: &str, by: &str| json!({"Id": id, "CreatedDate": at, "CreatedBy": {"Username": by}, "Gone": null});
        let records = [
            record("1", "2026-01-01T00:00:01.000+0000", "ann"),
            record("2", "2026-01-01T00:00:03.000+0000", "bob"),
            record("3", "2026-01-01T00:00:02.000+0000", "ann"),
        ];
        let query = "SELECT Id, CreatedBy.Username FROM T WHERE CreatedDate >= 2026-01-01T00:00:02Z AND Gone = null ORDER BY CreatedDate LIMIT 5";
        let found = Query::parse(query).unwrap_or_else(|why| panic!("{why}")).run(&records);
        assert_eq!(found, Ok(vec![json!({"Id": "3", "CreatedBy": {"Username": "ann"}}), json!({"Id": "2", "CreatedBy": {"Username": "bob"}})]));
        let refused = Query::parse("SELECT Idd FROM T").unwrap_or_else(|why| panic!("{why}")).run(&records);
        assert_eq!(refused, Err("No such column 'Idd' on entity 'T'".into()));
        assert!(Query::parse("DELETE FROM T").is_err());
    }
}
