//! What did the machines say: the latest value of each signal, rollups by 10 s, 1 min and 1 h, and raw values from the log.

mod before;
pub(crate) mod bucket;
pub(crate) mod extents;
pub(crate) mod fold;
pub mod query;
pub mod raw;
pub(crate) mod sketch;
pub(crate) mod tables;

pub(crate) use before::Before;
pub use bucket::{Bucket, Period};
pub use query::{RollupPoint, latest, latest_at, rollups};
pub use raw::{RawPoint, RawSeries, raw};
pub use sketch::Sketch;
pub use tables::LatestRow;
