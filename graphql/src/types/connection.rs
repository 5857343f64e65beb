//! Cursor pagination as Relay has it, over the projections' pages.

use crate::errors::bad_input;
use async_graphql::{
    Error, OutputType,
    connection::{Connection, Edge},
};
use millwright_projections::{Page, Window};

pub(crate) const PAGE: usize = 50;

/// The arguments that every connection takes.
pub(crate) struct Asked {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
}

impl Asked {
    pub fn window(self) -> Result<Window, Error> {
        let count = |name: &str, count: i32| {
            let wanted = usize::try_from(count).ok().filter(|wanted| (1..=Window::MOST).contains(wanted));
            wanted.ok_or_else(|| bad_input(format!("`{name}` is a number from 1 to {}, not {count}", Window::MOST)))
        };
        let window = match (self.first, self.last) {
            (Some(_), Some(_)) => return Err(bad_input("ask for `first` or for `last`, not for both")),
            (None, Some(last)) => Window::last(count("last", last)?),
            (Some(first), None) => Window::first(count("first", first)?),
            (None, None) => Window::first(PAGE),
        };
        let cursor =
            |text: Option<String>| text.map(|text| text.parse()).transpose().map_err(|cause: millwright_projections::BadCursor| bad_input(cause));
        Ok(Window { after: cursor(self.after)?, before: cursor(self.before)?, ..window })
    }
}

pub(crate) fn connection<R, T: OutputType>(page: Page<R>, show: impl Fn(R) -> T) -> Connection<String, T> {
    let mut connection = Connection::new(page.has_previous, page.has_next);
    connection.edges.extend(page.rows.into_iter().map(|(cursor, row)| Edge::new(cursor.to_string(), show(row))));
    connection
}
