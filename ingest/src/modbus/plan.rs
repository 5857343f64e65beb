//! Which requests read a set of values: neighbours joined across small gaps, never over the protocol's limits. Pure.

use super::address::Table;
use crate::protocol::{PointNo, Request, Savings};

/// How much one request may read, and how much of it in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub registers: u16,
    pub coils: u16,
    /// In registers; sixteen times as many bits.
    pub max_gap: u16,
}

impl Limits {
    /// The most that the protocol allows in one answer.
    pub const REGISTERS: u16 = 125;
    pub const COILS: u16 = 2_000;

    fn most(&self, table: Table) -> u32 {
        u32::from(if table.is_bits() { self.coils } else { self.registers })
    }
    fn gap(&self, table: Table) -> u32 {
        u32::from(self.max_gap) * if table.is_bits() { 16 } else { 1 }
    }
}

/// A value that is wanted: `width` items of a table from `start` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    pub table: Table,
    pub start: u16,
    pub width: u16,
}

/// The requests for one unit's points: in each, points of one table.
pub fn plan(wanted: &[(PointNo, Wanted)], limits: Limits) -> Vec<Request> {
    let mut wanted = wanted.to_vec();
    wanted.sort_by_key(|(_, value)| *value);
    let mut requests: Vec<Request> = Vec::new();
    let mut span: Option<Wanted> = None;
    for (point, value) in wanted {
        match (span.and_then(|span| stretched(span, value, limits)), requests.last_mut()) {
            (Some(longer), Some(request)) => {
                span = Some(longer);
                request.push(point);
            }
            _ => {
                span = Some(value);
                requests.push(vec![point]);
            }
        }
    }
    requests
}

/// Replaces a request that the device refused: the points in `bad` are read alone, the others joined only where they touch,
/// since the gap itself may be what does not exist. With no bad one found, each is read alone.
pub fn refine(refused: &[(PointNo, Wanted)], bad: &[PointNo], limits: Limits) -> Vec<Request> {
    let (alone, good): (Vec<_>, Vec<_>) = refused.iter().partition(|(point, _)| bad.is_empty() || bad.contains(point));
    let mut requests = plan(&good, Limits { max_gap: 0, ..limits });
    requests.extend(alone.into_iter().map(|(point, _)| vec![point]));
    requests
}

/// First item and number of items of the one request that reads all of these.
pub fn hull(wanted: &[(PointNo, Wanted)]) -> (u16, u16) {
    let start = wanted.iter().map(|(_, value)| value.start).min().unwrap_or(0);
    let end = wanted.iter().map(|(_, value)| u32::from(value.start) + u32::from(value.width)).max().unwrap_or(0);
    (start, u16::try_from(end.saturating_sub(start.into())).unwrap_or(u16::MAX))
}

/// The span with the value in it, if the value may join it.
fn stretched(span: Wanted, value: Wanted, limits: Limits) -> Option<Wanted> {
    let span_end = u32::from(span.start) + u32::from(span.width);
    let value_end = u32::from(value.start) + u32::from(value.width);
    let near = u32::from(value.start) <= span_end + limits.gap(span.table);
    let width = span_end.max(value_end) - u32::from(span.start);
    let joins = value.table == span.table && near && width <= limits.most(span.table);
    if joins { Some(Wanted { width: u16::try_from(width).ok()?, ..span }) } else { None }
}

/// What these requests save against one for each of their points, where each takes so many bytes beside its values.
pub fn savings(requests: impl Iterator<Item = Vec<(PointNo, Wanted)>>, overhead: i64) -> Savings {
    let bytes = |table, count| overhead + payload(table, count);
    let mut saved = Savings::default();
    for request in requests {
        let Some((_, first)) = request.first() else { continue };
        let apart: i64 = request.iter().map(|(_, value)| bytes(value.table, value.width)).sum();
        saved.requests += 1;
        saved.requests_saved += request.len() as u64 - 1;
        saved.bytes_saved += apart - bytes(first.table, hull(&request).1);
    }
    saved
}

fn payload(table: Table, count: u16) -> i64 {
    i64::from(if table.is_bits() { count.div_ceil(8) } else { count * 2 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { registers: 125, coils: 2_000, max_gap: 8 };

    fn register(start: u16, width: u16) -> Wanted {
        Wanted { table: Table::Holding, start, width }
    }

    fn numbered(wanted: &[Wanted]) -> Vec<(PointNo, Wanted)> {
        wanted.iter().copied().enumerate().collect()
    }
    fn of(wanted: &[(PointNo, Wanted)], request: &Request) -> Vec<(PointNo, Wanted)> {
        wanted.iter().filter(|(point, _)| request.contains(point)).copied().collect()
    }

    #[test]
    fn neighbours_and_small_gaps_take_one_request_and_say_what_it_saved() {
        let wanted = numbered(&[register(0, 2), register(2, 2), register(10, 1)]);
        assert_eq!(plan(&wanted, LIMITS), [[0, 1, 2]]);
        assert_eq!(hull(&wanted), (0, 11));
        assert_eq!(savings([wanted].into_iter(), 21), Savings { requests: 1, requests_saved: 2, bytes_saved: 30 });
    }

    #[test]
    fn a_refused_span_is_read_without_its_gaps_and_its_bad_one_alone() {
        let wanted = numbered(&[register(0, 1), register(1, 1), register(5, 1), register(9, 1)]);
        let spans: Vec<(u16, u16)> = refine(&wanted, &[2], LIMITS).iter().map(|request| hull(&of(&wanted, request))).collect();
        assert_eq!(spans, [(0, 2), (9, 1), (5, 1)]);
        assert_eq!(refine(&wanted, &[], LIMITS).len(), 4);
    }

    fn any_wanted() -> impl Strategy<Value = Vec<Wanted>> {
        let one = (0usize..4, any::<u16>(), prop::sample::select(vec![1u16, 2, 4])).prop_filter_map("inside the table", |(table, start, width)| {
            let table = Table::ALL[table];
            let width = if table.is_bits() { 1 } else { width };
            (u32::from(start) + u32::from(width) <= 65_536).then_some(Wanted { table, start: start % 400, width })
        });
        prop::collection::vec(one, 0..60)
    }

    proptest! {
        #[test]
        fn every_value_is_read_exactly_once_and_no_request_is_too_long(
            wanted in any_wanted(), registers in 4u16..=125, coils in 1u16..=2_000, max_gap in 0u16..40
        ) {
            let limits = Limits { registers, coils, max_gap };
            let wanted = numbered(&wanted);
            let requests = plan(&wanted, limits);
            let mut points: Vec<PointNo> = requests.concat();
            points.sort_unstable();
            prop_assert_eq!(points, (0..wanted.len()).collect::<Vec<_>>());
            for request in &requests {
                let values = of(&wanted, request);
                let (start, count) = hull(&values);
                let table = values[0].1.table;
                prop_assert!(u32::from(count) <= limits.most(table));
                prop_assert!(values.iter().all(|(_, value)| value.table == table && value.start >= start));
            }
        }
    }
}
