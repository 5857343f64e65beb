//! Which requests read a set of values: neighbours joined into one item across small gaps, as many items in a request as its frames hold. Pure.

use super::address::Area;
use crate::protocol::{PointNo, Request, Savings};
use std::collections::BTreeSet;

/// How much one request may carry, both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub items: usize,
    /// The longest frame that either side takes, without what carries it.
    pub frame: u16,
    /// Bytes that may be read in vain to join two values into one item.
    pub max_gap: u16,
}

/// Of a question and of an answer before their items, and of each item in them.
const ASKED: u16 = 10 + 2;
const ASKED_ITEM: u16 = 12;
const ANSWERED: u16 = 12 + 2;
const ANSWERED_ITEM: u16 = 4;
/// What carries a frame over TCP, each way.
const CARRIER: u16 = 7;

impl Limits {
    /// The most items that a controller takes in one request.
    pub const ITEMS: usize = 20;
    /// What every controller can do.
    pub const SMALLEST_FRAME: u16 = 240;
    pub const LARGEST_FRAME: u16 = 960;

    /// The most bytes that one item can have. Some controllers fill up the last one of an answer to an even number, too.
    pub const fn most(&self) -> u16 {
        self.frame.saturating_sub(ANSWERED + ANSWERED_ITEM) & !1
    }
    fn hold(&self, items: usize, bytes: u32) -> bool {
        let asked = u32::from(ASKED) + u32::from(ASKED_ITEM) * u32::try_from(items).unwrap_or(u32::MAX / 100);
        items <= self.items && asked <= self.frame.into() && u32::from(ANSWERED) + bytes <= self.frame.into()
    }
}

/// A value that is wanted: `width` bytes of an area from `start` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    pub area: Area,
    pub start: u16,
    pub width: u16,
}

/// Bytes that are read in one piece, and whose values they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub area: Area,
    pub start: u16,
    pub width: u16,
    pub points: Vec<PointNo>,
}

impl Item {
    /// In the answer: items begin at even places.
    fn bytes(&self) -> u32 {
        u32::from(ANSWERED_ITEM) + u32::from(self.width).next_multiple_of(2)
    }
    fn join(&mut self, point: PointNo, value: Wanted, limits: Limits) -> bool {
        let end = u32::from(self.start) + u32::from(self.width);
        let value_end = u32::from(value.start) + u32::from(value.width);
        let near = u32::from(value.start) <= end + u32::from(limits.max_gap);
        let width = end.max(value_end).saturating_sub(self.start.into());
        let joins = value.area == self.area && value.start >= self.start && near && width <= limits.most().into();
        if let (true, Ok(width)) = (joins, u16::try_from(width)) {
            self.width = width;
            self.points.push(point);
            return true;
        }
        false
    }
}

/// The items that hold these values. Those of `apart` stand alone: what they were joined to was refused.
pub fn items(wanted: &[(PointNo, Wanted)], apart: &BTreeSet<PointNo>, limits: Limits) -> Vec<Item> {
    let mut wanted = wanted.to_vec();
    wanted.sort_by_key(|(_, value)| *value);
    let (alone, together): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|(point, _)| apart.contains(point));
    let mut items: Vec<Item> = Vec::new();
    for (point, value) in together {
        if !items.last_mut().is_some_and(|last| last.join(point, value, limits)) {
            items.push(item(point, value));
        }
    }
    items.extend(alone.into_iter().map(|(point, value)| item(point, value)));
    items
}

fn item(point: PointNo, value: Wanted) -> Item {
    Item { area: value.area, start: value.start, width: value.width, points: vec![point] }
}

/// Items in the requests that carry them, in order.
pub fn packed(items: Vec<Item>, limits: Limits) -> Vec<Vec<Item>> {
    let mut requests: Vec<Vec<Item>> = Vec::new();
    let mut bytes = 0;
    for item in items {
        match requests.last_mut() {
            Some(request) if limits.hold(request.len() + 1, bytes + item.bytes()) => {
                bytes += item.bytes();
                request.push(item);
            }
            _ => {
                bytes = item.bytes();
                requests.push(vec![item]);
            }
        }
    }
    requests
}

/// The requests for these points.
pub fn plan(wanted: &[(PointNo, Wanted)], limits: Limits) -> Vec<Request> {
    let requests = packed(items(wanted, &BTreeSet::new(), limits), limits);
    requests.into_iter().map(|request| request.into_iter().flat_map(|item| item.points).collect()).collect()
}

/// What these requests save against one for each of their points.
pub fn savings(requests: impl Iterator<Item = Vec<(PointNo, Wanted)>>, limits: Limits) -> Savings {
    let mut saved = Savings::default();
    for request in requests {
        let apart: i64 = request.iter().map(|(point, value)| bytes(&[item(*point, *value)])).sum();
        let together = packed(items(&request, &BTreeSet::new(), limits), limits);
        let sent = together.len() as u64;
        saved.requests += sent;
        saved.requests_saved += (request.len() as u64).saturating_sub(sent);
        saved.bytes_saved += apart - together.iter().map(|items| bytes(items)).sum::<i64>();
    }
    saved
}

/// One exchange on the wire, both ways.
fn bytes(items: &[Item]) -> i64 {
    let fixed = i64::from(2 * CARRIER + ASKED + ANSWERED);
    fixed + items.iter().map(|item| i64::from(ASKED_ITEM) + i64::from(item.bytes())).sum::<i64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { items: 20, frame: 240, max_gap: 16 };

    fn at(block: u16, start: u16, width: u16) -> Wanted {
        Wanted { area: Area::Block(block), start, width }
    }
    fn numbered(wanted: &[Wanted]) -> Vec<(PointNo, Wanted)> {
        wanted.iter().copied().enumerate().collect()
    }

    #[test]
    fn neighbours_and_small_gaps_are_one_item_and_other_blocks_ride_along() {
        let wanted = numbered(&[at(1, 0, 4), at(1, 4, 4), at(1, 24, 1), at(2, 0, 2)]);
        let items = items(&wanted, &BTreeSet::new(), LIMITS);
        assert_eq!(
            items.iter().map(|item| (item.area, item.start, item.width)).collect::<Vec<_>>(),
            [(Area::Block(1), 0, 25), (Area::Block(2), 0, 2)]
        );
        assert_eq!(plan(&wanted, LIMITS), [[0, 1, 2, 3]]);
        let saved = savings([wanted].into_iter(), LIMITS);
        // Apart: four times 40 + 16 and 4 + 4 + 2 + 2 bytes. Together: 40, twice 16, 26 and 2.
        assert_eq!(saved, Savings { requests: 1, requests_saved: 3, bytes_saved: 4 * 56 + 12 - (40 + 32 + 28) });
    }

    #[test]
    fn what_was_refused_in_company_stands_alone() {
        let wanted = numbered(&[at(1, 0, 4), at(1, 4, 4), at(1, 8, 4)]);
        let widths: Vec<u16> = items(&wanted, &BTreeSet::from([2]), LIMITS).iter().map(|item| item.width).collect();
        assert_eq!(widths, [8, 4]);
    }

    #[test]
    fn twenty_five_scattered_points_take_two_requests_of_the_smallest_frame() {
        let wanted: Vec<Wanted> = (0..25).map(|number| at(1, number * 100, 4)).collect();
        let requests = plan(&numbered(&wanted), LIMITS);
        // 10 + 2 + 12 * 19 = 240: the question is full before the twentieth item.
        assert_eq!(requests.iter().map(Vec::len).collect::<Vec<_>>(), [19, 6]);
        let larger = Limits { frame: 480, ..LIMITS };
        assert_eq!(plan(&numbered(&wanted), larger).iter().map(Vec::len).collect::<Vec<_>>(), [20, 5]);
    }

    #[test]
    fn a_long_run_of_values_is_cut_where_an_answer_is_full() {
        let wanted: Vec<Wanted> = (0..100).map(|number| at(1, number * 4, 4)).collect();
        let requests = plan(&numbered(&wanted), LIMITS);
        assert_eq!(requests.iter().map(Vec::len).collect::<Vec<_>>(), [55, 45]);
    }

    fn any_wanted() -> impl Strategy<Value = Vec<Wanted>> {
        let area = prop_oneof![(1u16..3).prop_map(Area::Block), Just(Area::Memory), Just(Area::Input), Just(Area::Output)];
        let one = (area, 0u16..400, prop::sample::select(vec![1u16, 2, 4, 8, 34, 222]));
        prop::collection::vec(one.prop_map(|(area, start, width)| Wanted { area, start, width }), 0..60)
    }

    proptest! {
        #[test]
        fn every_value_is_read_exactly_once_and_no_request_is_too_large(
            wanted in any_wanted(), most in 1usize..=20, frame in 240u16..=960, max_gap in 0u16..40
        ) {
            let limits = Limits { items: most, frame, max_gap };
            let wanted = numbered(&wanted);
            let mut points: Vec<PointNo> = plan(&wanted, limits).concat();
            points.sort_unstable();
            prop_assert_eq!(points, (0..wanted.len()).collect::<Vec<_>>());
            for request in packed(items(&wanted, &BTreeSet::new(), limits), limits) {
                let asked = 12 + 12 * request.len();
                let answered = 14 + request.iter().map(|item| 4 + usize::from(item.width).next_multiple_of(2)).sum::<usize>();
                prop_assert!(request.len() <= most && asked <= frame.into() && answered <= frame.into());
                for item in &request {
                    let inside = |value: &Wanted| value.area == item.area && value.start >= item.start
                        && value.start + value.width <= item.start + item.width;
                    prop_assert!(item.points.iter().all(|point| inside(&wanted[*point].1)));
                }
            }
        }
        #[test]
        fn each_request_of_a_plan_is_one_exchange(wanted in any_wanted()) {
            let wanted = numbered(&wanted);
            for request in plan(&wanted, LIMITS) {
                let mine: Vec<_> = wanted.iter().filter(|(point, _)| request.contains(point)).copied().collect();
                prop_assert_eq!(packed(items(&mine, &BTreeSet::new(), LIMITS), LIMITS).len(), 1);
            }
        }
    }
}
