//! Recordings: readings from CSV files, through the same road as those of devices. Read as a stream; a bad row is refused and reading goes on.
//!
//! `columns` says which column is what, `lines` splits, `row` turns one line into numbers, `recording` walks a file.

pub mod columns;
pub(crate) mod lines;
pub mod recording;
pub mod row;
