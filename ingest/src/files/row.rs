//! One line of a recording: its time, its values, its labels, or why it is refused. Pure.

use super::{columns::Layout, lines::split};
use chrono::NaiveDateTime;
use millwright_domain::{
    Timestamp,
    reading::{Quality, Reading},
};
use thiserror::Error;

/// What one line says.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    pub time: Timestamp,
    pub readings: Vec<Reading>,
    /// In the order of the layout's labels; kept apart so that nothing that watches readings can see them.
    pub labels: Vec<f64>,
}

/// Why a line is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadRow {
    #[error("has {found} columns instead of {expected}")]
    Width { found: usize, expected: usize },
    #[error("the time {0:?} cannot be read; write 2020-03-09 10:34:33, RFC 3339, or seconds since 1970")]
    Time(String),
    #[error("the time {now} is before the row before it ({before})")]
    TimeGoesBack { now: Timestamp, before: Timestamp },
    #[error("{text:?} in column {column} is not a number")]
    NotANumber { column: usize, text: String },
    #[error("is not UTF-8 text")]
    NotText,
    #[error("has a quote that is not closed in its line")]
    OpenQuote,
    #[error("is longer than {most} bytes")]
    TooLong { most: usize },
    #[error("cannot be read from the disk ({0}); what comes after it is missing")]
    Unreadable(String),
}

/// Reads one line. An empty field and `nan` are a value that is missing, not a bad line.
pub fn parse_row(layout: &Layout, line: &str) -> Result<Parsed, BadRow> {
    let fields = split(line, layout.delimiter)?;
    if fields.len() != layout.width {
        return Err(BadRow::Width { found: fields.len(), expected: layout.width });
    }
    let field = |column: usize| fields.get(column).map_or("", |field| field.trim());
    let time = parse_time(field(layout.time)).ok_or_else(|| BadRow::Time(shortened(field(layout.time))))?;
    let mut readings = Vec::with_capacity(layout.signals.len());
    for (column, signal) in &layout.signals {
        readings.push(match number(*column, field(*column))? {
            Some(value) => Reading::measured(signal.id.clone(), value),
            None => Reading::missing(signal.id.clone(), Quality::BadNotANumber),
        });
    }
    let mut labels = Vec::with_capacity(layout.labels.len());
    for (column, _) in &layout.labels {
        let label = number(*column, field(*column))?;
        labels.push(label.ok_or_else(|| BadRow::NotANumber { column: column + 1, text: String::new() })?);
    }
    Ok(Parsed { time, readings, labels })
}

/// `None` for a missing value. Columns are counted from 1 for people.
fn number(column: usize, text: &str) -> Result<Option<f64>, BadRow> {
    if text.is_empty() || text.eq_ignore_ascii_case("nan") || text.eq_ignore_ascii_case("null") {
        return Ok(None);
    }
    match (text.parse::<f64>(), text.to_ascii_lowercase().as_str()) {
        (Ok(value), _) => Ok(Some(value)),
        (_, "true") => Ok(Some(1.0)),
        (_, "false") => Ok(Some(0.0)),
        _ => Err(BadRow::NotANumber { column: column + 1, text: shortened(text) }),
    }
}

const FORMATS: [&str; 4] = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y/%m/%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];

/// A time without a zone is taken as UTC.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    if let Some(time) = FORMATS.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()) {
        return Some(time.and_utc().into());
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    // Up to the year 9999, so that milliseconds are not taken for seconds unnoticed.
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..253_402_300_800.0).contains(seconds))?;
    Some(Timestamp::from_micros((seconds * 1e6).round() as i64))
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::columns::ColumnMap;
    use proptest::prelude::*;

    fn layout() -> Layout {
        let header: Vec<String> = ["t", "a", "b", "label"].map(String::from).to_vec();
        let map = ColumnMap::of_any("t", vec!["label".into()], ',');
        Layout::of(&map, &header, &"m".parse().unwrap(), &"d".parse().unwrap()).unwrap()
    }
    fn parse(line: &str) -> Result<Parsed, BadRow> {
        parse_row(&layout(), line)
    }

    #[test]
    fn values_and_labels_come_apart() {
        let parsed = parse("2020-03-09 10:34:33.5, 1.5 ,-2e3,1.0").unwrap();
        assert_eq!(parsed.time.to_string(), "2020-03-09T10:34:33.500000Z");
        assert_eq!(parsed.readings.iter().map(Reading::good).collect::<Vec<_>>(), [Some(1.5), Some(-2_000.0)]);
        assert_eq!(parsed.labels, [1.0]);
    }

    #[test]
    fn a_missing_value_is_marked_and_the_line_kept() {
        for missing in ["", "nan", "NaN", "inf", "-Infinity", "1e999"] {
            let parsed = parse(&format!("10,{missing},2,0")).unwrap();
            assert_eq!((parsed.readings[0].value(), parsed.readings[0].quality()), (None, Quality::BadNotANumber), "{missing}");
            assert_eq!(parsed.readings[1].good(), Some(2.0));
        }
    }

    #[test]
    fn a_bad_line_is_refused_with_its_reason() {
        assert_eq!(parse("10,1,2"), Err(BadRow::Width { found: 3, expected: 4 }));
        assert_eq!(parse("10,1,two,0"), Err(BadRow::NotANumber { column: 3, text: "two".into() }));
        assert_eq!(parse("10,1,2,"), Err(BadRow::NotANumber { column: 4, text: String::new() }));
        for time in ["", "yesterday", "2020-13-01 00:00:00", "-5", "1e300", "nan"] {
            assert_eq!(parse(&format!("{time},1,2,0")), Err(BadRow::Time(time.into())), "{time}");
        }
    }

    #[test]
    fn times_are_read_in_the_usual_spellings() {
        let same = ["2020-03-09 10:34:33", "2020-03-09T10:34:33", "2020/03/09 10:34:33", "2020-03-09T12:34:33+02:00", "1583750073", "1583750073.0"];
        for text in same {
            assert_eq!(parse_time(text), Some(Timestamp::from_secs(1_583_750_073)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_the_parser_panic(line in "\\PC{0,60}") {
            if let Ok(parsed) = parse(&line) {
                prop_assert_eq!((parsed.readings.len(), parsed.labels.len()), (2, 1));
            }
        }
    }
}
