//! Pages by cursor: a cursor names a row by its place in the order, so that rows that come or go never shift a page.

use crate::db::{Ask, Value};
use millwright_domain::Timestamp;
use std::{fmt, str::FromStr};
use thiserror::Error;

/// A row's place, by the columns that the rows are ordered by, all descending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    first: i64,
    second: String,
    /// Where two columns do not tell all rows apart.
    third: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a cursor; give one as it was returned in `pageInfo` or `edges`")]
pub struct BadCursor(pub String);

impl Cursor {
    pub fn new(first: i64, second: impl ToString) -> Self {
        Self { first, second: second.to_string(), third: None }
    }
    pub(crate) fn then(self, third: u64) -> Self {
        Self { third: Some(i64::try_from(third).unwrap_or(i64::MAX)), ..self }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.first, self.second)?;
        self.third.iter().try_for_each(|third| write!(f, "~{third}"))
    }
}
impl FromStr for Cursor {
    type Err = BadCursor;
    fn from_str(text: &str) -> Result<Self, BadCursor> {
        parsed(text).ok_or_else(|| BadCursor(text.chars().take(100).collect()))
    }
}

fn parsed(text: &str) -> Option<Cursor> {
    let mut parts = text.splitn(3, '~');
    let (first, second) = (parts.next()?.parse().ok()?, parts.next()?.to_string());
    let third = parts.next().map(|third| third.parse().ok());
    match third {
        Some(None) => None,
        third => Some(Cursor { first, second, third: third.flatten() }),
    }
}

/// Which part of the rows: so many behind one cursor, or the last so many before one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub after: Option<Cursor>,
    pub before: Option<Cursor>,
    pub limit: usize,
    /// The last of the rows instead of the first.
    pub from_end: bool,
}

impl Window {
    pub const MOST: usize = 200;

    pub fn first(limit: usize) -> Self {
        Self { after: None, before: None, limit: limit.min(Self::MOST), from_end: false }
    }
    pub fn last(limit: usize) -> Self {
        Self { from_end: true, ..Self::first(limit) }
    }

    /// Adds the condition, the order and the limit to a question that ends in a `WHERE`. `columns` are those of the cursor:
    /// a time, a text, and perhaps a number.
    pub(crate) fn narrow(&self, ask: &mut Ask, columns: &[&str]) {
        for (cursor, relation) in [(&self.after, "<"), (&self.before, ">")] {
            let Some(cursor) = cursor else { continue };
            ask.push(&format!(" AND ({}) {relation} (", columns.join(", "))).push_bind(Value::Time(Timestamp::from_micros(cursor.first)));
            ask.push(", ").push_bind(Value::text(&cursor.second));
            if columns.len() > 2 {
                ask.push(", ").push_bind(Value::Whole(cursor.third.unwrap_or(0)));
            }
            ask.push(")");
        }
        let order = if self.from_end { "ASC" } else { "DESC" };
        let ordered: Vec<String> = columns.iter().map(|column| format!("{column} {order}")).collect();
        // One more than asked for tells whether there is another page.
        ask.push(&format!(" ORDER BY {} LIMIT ", ordered.join(", "))).push_bind(Value::count(self.limit as u64 + 1));
    }

    pub(crate) fn cut<T>(&self, mut rows: Vec<T>, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        if self.from_end {
            rows.reverse();
        }
        let (has_next, has_previous) = if self.from_end { (self.before.is_some(), more) } else { (more, self.after.is_some()) };
        Page { rows: rows.into_iter().map(|row| (cursor(&row), row)).collect(), has_next, has_previous }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub rows: Vec<(Cursor, T)>,
    pub has_next: bool,
    pub has_previous: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_as_it_is_written() {
        let cursor = Cursor::new(-5, "01890a5d-ac96-774b-bcce-b302099a8057");
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        let cursor = Cursor::new(7, "ledger/_platform").then(12);
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for nonsense in ["", "nonsense", "1", "x~y", "1~y~z"] {
            assert!(nonsense.parse::<Cursor>().is_err(), "{nonsense}");
        }
    }

    #[test]
    fn one_row_more_than_asked_for_is_another_page() {
        let page = Window::first(2).cut(vec![3, 2, 1], |row| Cursor::new(*row, ""));
        assert!(page.has_next && !page.has_previous);
        assert_eq!(page.rows.iter().map(|(_, row)| *row).collect::<Vec<_>>(), [3, 2]);
        let page = Window::last(2).cut(vec![1, 2, 3], |row| Cursor::new(*row, ""));
        assert!(!page.has_next && page.has_previous);
        assert_eq!(page.rows.iter().map(|(_, row)| *row).collect::<Vec<_>>(), [2, 1]);
    }
}
