//! A file line by line, and a line field by field. A quote counts within its line only, so that a stray one spoils one row and not the rest.

use super::row::BadRow;
use std::{
    borrow::Cow,
    io::{self, BufRead, BufReader, Read},
};

/// No honest row is longer.
const LONGEST: usize = 1 << 20;

pub(crate) struct Lines<R> {
    source: BufReader<R>,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
}

impl<R: Read> Lines<R> {
    pub fn of(source: R) -> Self {
        Self { source: BufReader::new(source), line: Vec::new(), number: 0, bytes: 0 }
    }
    /// Moves to the next line that is not empty. False at the end.
    pub fn advance(&mut self) -> io::Result<bool> {
        loop {
            self.line.clear();
            let read = self.source.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut self.line)?;
            if read == 0 {
                return Ok(false);
            }
            self.bytes += read as u64;
            self.number += 1;
            if self.is_too_long() {
                self.skip_rest()?;
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }
    pub fn text(&self) -> Result<&str, BadRow> {
        if self.is_too_long() {
            return Err(BadRow::TooLong { most: LONGEST });
        }
        std::str::from_utf8(&self.line).map(|text| text.trim_end_matches(['\r', '\n'])).or(Err(BadRow::NotText))
    }
    /// From 1.
    pub const fn number(&self) -> u64 {
        self.number
    }
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
    fn is_too_long(&self) -> bool {
        self.line.len() > LONGEST && self.line.last() != Some(&b'\n')
    }
    fn skip_rest(&mut self) -> io::Result<()> {
        loop {
            let buffered = self.source.fill_buf()?;
            let end = buffered.iter().position(|byte| *byte == b'\n');
            let skipped = end.map_or(buffered.len(), |end| end + 1);
            self.source.consume(skipped);
            self.bytes += skipped as u64;
            if end.is_some() || skipped == 0 {
                return Ok(());
            }
        }
    }
}

/// The fields of one line; `"a;b"` is one field, `""` inside it a quote.
pub fn split(line: &str, delimiter: char) -> Result<Vec<Cow<'_, str>>, BadRow> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted, delimiter)?,
            None => rest.split_once(delimiter).map_or((Cow::Borrowed(rest), None), |(field, after)| (Cow::Borrowed(field), Some(after))),
        };
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Ok(fields),
        }
    }
}

/// The field up to its closing quote, and what comes behind the delimiter after it.
fn unquote(quoted: &str, delimiter: char) -> Result<(Cow<'_, str>, Option<&str>), BadRow> {
    let mut field = String::new();
    let mut rest = quoted;
    loop {
        let (part, after) = rest.split_once('"').ok_or(BadRow::OpenQuote)?;
        field.push_str(part);
        if let Some(after) = after.strip_prefix('"') {
            field.push('"');
            rest = after;
            continue;
        }
        return match after.strip_prefix(delimiter) {
            Some(after) => Ok((field.into(), Some(after))),
            None if after.is_empty() => Ok((field.into(), None)),
            None => Err(BadRow::OpenQuote),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_hold_delimiters_and_quotes() {
        assert_eq!(split(r#"1,"a,""b""",,"#, ','), Ok(vec!["1".into(), r#"a,"b""#.into(), "".into(), "".into()]));
        assert_eq!(split(r#""open,1"#, ','), Err(BadRow::OpenQuote));
        assert_eq!(split(r#""a"b,1"#, ','), Err(BadRow::OpenQuote));
    }

    #[test]
    fn a_line_without_end_is_skipped_and_the_next_one_read() {
        let text = format!("{}\nshort\n", "x".repeat(3 * LONGEST));
        let mut lines = Lines::of(text.as_bytes());
        assert!(lines.advance().unwrap());
        assert_eq!(lines.text(), Err(BadRow::TooLong { most: LONGEST }));
        assert!(lines.advance().unwrap());
        assert_eq!((lines.text(), lines.number(), lines.bytes()), (Ok("short"), 2, text.len() as u64));
        assert!(!lines.advance().unwrap());
    }

    proptest! {
        #[test]
        fn fields_without_quotes_are_those_between_the_delimiters(line in "[a-z0-9; ]{0,40}") {
            prop_assert_eq!(split(&line, ';').unwrap(), line.split(';').collect::<Vec<_>>());
        }
    }
}
