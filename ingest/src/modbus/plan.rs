//! Which requests read a set of values: neighbours joined across small gaps, never over the protocol's limits. Pure.

use super::address::Table;
use serde::Serialize;

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

/// One request, and which of the wanted values (by index) are in its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub table: Table,
    pub start: u16,
    pub count: u16,
    pub members: Vec<usize>,
}

/// What joining saved, each time the plan is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Savings {
    pub requests: u64,
    pub requests_saved: u64,
    /// On the wire, both ways; negative if the gaps cost more than the requests.
    pub bytes_saved: i64,
}

/// The requests for one unit's values.
pub fn plan(wanted: &[Wanted], limits: Limits) -> Vec<Span> {
    join(wanted, (0..wanted.len()).collect(), limits)
}

/// Replaces a span that the device refused: the members in `bad` are read alone, the others joined only where they touch,
/// since the gap itself may be what does not exist. With no bad one found, each is read alone.
pub fn refine(wanted: &[Wanted], refused: &Span, bad: &[usize], limits: Limits) -> Vec<Span> {
    let (alone, good): (Vec<usize>, Vec<usize>) = refused.members.iter().partition(|member| bad.is_empty() || bad.contains(member));
    let mut spans = join(wanted, good, Limits { max_gap: 0, ..limits });
    spans.extend(alone.into_iter().flat_map(|member| join(wanted, vec![member], limits)));
    spans
}

fn join(wanted: &[Wanted], mut members: Vec<usize>, limits: Limits) -> Vec<Span> {
    members.sort_by_key(|member| wanted.get(*member));
    let mut spans: Vec<Span> = Vec::new();
    for member in members {
        let Some(value) = wanted.get(member) else { continue };
        match spans.last_mut().and_then(|span| Some((stretched(span, value, limits)?, span))) {
            Some((count, span)) => {
                span.count = count;
                span.members.push(member);
            }
            None => spans.push(Span { table: value.table, start: value.start, count: value.width, members: vec![member] }),
        }
    }
    spans
}

/// The span's new length if the value may join it.
fn stretched(span: &Span, value: &Wanted, limits: Limits) -> Option<u16> {
    let span_end = u32::from(span.start) + u32::from(span.count);
    let value_end = u32::from(value.start) + u32::from(value.width);
    let near = u32::from(value.start) <= span_end + limits.gap(span.table);
    let count = span_end.max(value_end) - u32::from(span.start);
    let joins = value.table == span.table && near && count <= limits.most(span.table);
    if joins { u16::try_from(count).ok() } else { None }
}

pub fn savings(wanted: &[Wanted], spans: &[Span]) -> Savings {
    let apart: i64 = wanted.iter().map(|value| bytes(value.table, value.width)).sum();
    let joined: i64 = spans.iter().map(|span| bytes(span.table, span.count)).sum();
    Savings { requests: spans.len() as u64, requests_saved: wanted.len().saturating_sub(spans.len()) as u64, bytes_saved: apart - joined }
}

/// One read on the wire: 12 bytes of request, 9 of answer before the payload.
fn bytes(table: Table, count: u16) -> i64 {
    let payload = if table.is_bits() { count.div_ceil(8) } else { count * 2 };
    21 + i64::from(payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { registers: 125, coils: 2_000, max_gap: 8 };

    fn register(start: u16, width: u16) -> Wanted {
        Wanted { table: Table::Holding, start, width }
    }

    #[test]
    fn neighbours_and_small_gaps_take_one_request_and_say_what_it_saved() {
        let wanted = [register(0, 2), register(2, 2), register(10, 1)];
        let spans = plan(&wanted, LIMITS);
        assert_eq!(spans, [Span { table: Table::Holding, start: 0, count: 11, members: vec![0, 1, 2] }]);
        assert_eq!(savings(&wanted, &spans), Savings { requests: 1, requests_saved: 2, bytes_saved: 30 });
    }

    #[test]
    fn a_refused_span_is_read_without_its_gaps_and_its_bad_one_alone() {
        let wanted = [register(0, 1), register(1, 1), register(5, 1), register(9, 1)];
        let refused = plan(&wanted, LIMITS).remove(0);
        let starts: Vec<(u16, u16)> = refine(&wanted, &refused, &[2], LIMITS).iter().map(|span| (span.start, span.count)).collect();
        assert_eq!(starts, [(0, 2), (9, 1), (5, 1)]);
        assert_eq!(refine(&wanted, &refused, &[], LIMITS).len(), 4);
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
            let spans = plan(&wanted, limits);
            let mut members: Vec<usize> = spans.iter().flat_map(|span| span.members.clone()).collect();
            members.sort_unstable();
            prop_assert_eq!(members, (0..wanted.len()).collect::<Vec<_>>());
            for span in &spans {
                prop_assert!(u32::from(span.count) <= limits.most(span.table));
                for member in &span.members {
                    let value = wanted[*member];
                    prop_assert!(value.table == span.table && value.start >= span.start);
                    prop_assert!(u32::from(value.start) + u32::from(value.width) <= u32::from(span.start) + u32::from(span.count));
                }
            }
        }
    }
}
