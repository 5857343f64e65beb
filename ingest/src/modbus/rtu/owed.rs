//! What a line still owes us: questions that were given up on, whose answers may yet come and look like the answer to a later one. Pure.
//!
//! A frame on a serial line says its unit, its function and its length, and nothing of the question. So a late answer can pass for the next
//! one only if those three agree. Two things keep it from that. After a question was given up on, the line has to be quiet for as long as was
//! waited before it is used again. And before the same unit is asked for the same again, it is asked something whose answer has another
//! length: as a unit answers one question after the other, that answer says that nothing older will follow.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Quiet enough where nothing is owed: longer than any adapter holds bytes back.
const SHORT: Duration = Duration::from_millis(50);
/// Kinds of answers that are remembered for a unit.
const MOST: usize = 8;
/// An answer that is later than this does not come any more.
const FORGOTTEN: Duration = Duration::from_secs(120);

/// What tells a unit's answers apart: the function, and the bytes of values in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::modbus) struct Shape {
    function: u8,
    bytes: u16,
}

impl Shape {
    pub(in crate::modbus) fn read(function: u8, count: u16) -> Self {
        Self { function, bytes: if is_bits(function) { count.div_ceil(8) } else { count.saturating_mul(2) } }
    }
    pub(in crate::modbus) fn write(function: u8) -> Self {
        Self { function, bytes: 0 }
    }
}

fn is_bits(function: u8) -> bool {
    matches!(function, 1 | 2)
}

#[derive(Debug)]
pub(super) struct Owed {
    asking: Option<Asking>,
    units: BTreeMap<u8, Debt>,
    /// How long the line has to be quiet before it is used again.
    quiet: Duration,
    /// The shortest and the longest time that a question is given.
    timeouts: (Duration, Duration),
}

#[derive(Debug)]
struct Asking {
    unit: u8,
    shape: Shape,
    since: Instant,
}

#[derive(Debug, Default)]
struct Debt {
    shapes: Vec<(Shape, Instant)>,
    /// The line was listened to for long since, and nothing came: the unit is not slow, it is not there.
    is_dead: bool,
}

impl Owed {
    /// Somebody may have used the line before us, and be owed an answer.
    pub(super) fn unknown(shortest: Duration, longest: Duration) -> Self {
        Self { asking: None, units: BTreeMap::new(), quiet: longest.max(SHORT), timeouts: (shortest, longest) }
    }
    pub(super) fn quiet(&self) -> Duration {
        self.quiet
    }
    /// The line was quiet for long enough; `late` says whether something came until then.
    pub(super) fn settled(&mut self, late: bool) {
        self.quiet = SHORT;
        self.units.values_mut().for_each(|debt| debt.is_dead = !late);
    }

    pub(super) fn asks(&mut self, unit: u8, shape: Shape, now: Instant) {
        self.asking = Some(Asking { unit, shape, since: now });
    }
    /// The question was answered. If only this one can have been, nothing older will follow from this unit.
    pub(super) fn answered(&mut self) {
        let Some(Asking { unit, shape, .. }) = self.asking.take() else { return };
        let is_clear = self.units.get(&unit).is_some_and(|debt| !debt.owes(shape));
        if is_clear {
            self.units.remove(&unit);
        }
    }
    /// The wire was dropped. A question that was on its way is owed from now on.
    pub(super) fn given_up(&mut self, now: Instant) {
        let Some(Asking { unit, shape, since }) = self.asking.take() else { return };
        let debt = self.units.entry(unit).or_default();
        debt.shapes.retain(|(owed, at)| *owed != shape && now.duration_since(*at) < FORGOTTEN);
        if debt.shapes.len() == MOST {
            debt.shapes.remove(0);
        }
        debt.shapes.push((shape, now));
        if !debt.is_dead {
            let (shortest, longest) = self.timeouts;
            self.quiet = now.duration_since(since).clamp(shortest, longest).max(self.quiet);
        }
    }

    /// How many items to ask for first, of the same unit and with the same function, so that no answer that is still owed looks the same.
    pub(super) fn asks_first(&self, unit: u8, function: u8, count: u16, now: Instant) -> Option<u16> {
        let debt = self.units.get(&unit)?;
        let owed: Vec<Shape> = debt.shapes.iter().filter(|(_, at)| now.duration_since(*at) < FORGOTTEN).map(|(shape, _)| *shape).collect();
        if !owed.contains(&Shape::read(function, count)) {
            return None;
        }
        let counts = (0..=MOST as u16).map(|more| if is_bits(function) { 1 + 8 * more } else { 1 + more });
        counts.into_iter().find(|count| !owed.contains(&Shape::read(function, *count)))
    }
    /// An answer that took longer than this leaves too little time for a second question.
    pub(super) fn leaves_time(&self, took: Duration) -> bool {
        took <= self.timeouts.0 / 3
    }
}

impl Debt {
    fn owes(&self, shape: Shape) -> bool {
        self.shapes.iter().any(|(owed, _)| *owed == shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Duration = Duration::from_millis(300);
    const SLOW: Duration = Duration::from_millis(1_000);

    fn settled() -> Owed {
        let mut owed = Owed::unknown(FAST, SLOW);
        owed.settled(false);
        owed
    }
    fn unanswered(owed: &mut Owed, unit: u8, count: u16, now: Instant) {
        owed.asks(unit, Shape::read(3, count), now);
        owed.given_up(now + FAST);
    }

    #[test]
    fn a_line_nobody_knows_has_to_be_quiet_for_the_longest_timeout_and_then_for_a_moment() {
        assert_eq!(Owed::unknown(FAST, SLOW).quiet(), SLOW);
        assert_eq!(settled().quiet(), SHORT);
    }

    #[test]
    fn after_silence_the_line_has_to_be_quiet_for_as_long_as_was_waited() {
        let mut owed = settled();
        unanswered(&mut owed, 1, 2, Instant::now());
        assert_eq!(owed.quiet(), FAST);
    }

    #[test]
    fn a_dead_unit_makes_the_others_wait_for_quiet_only_once() {
        let (mut owed, now) = (settled(), Instant::now());
        unanswered(&mut owed, 3, 2, now);
        owed.settled(false);
        unanswered(&mut owed, 3, 2, now);
        assert_eq!(owed.quiet(), SHORT);
    }

    #[test]
    fn a_unit_whose_answers_came_late_is_waited_for_each_time() {
        let (mut owed, now) = (settled(), Instant::now());
        for _ in 0..3 {
            unanswered(&mut owed, 1, 2, now);
            assert_eq!(owed.quiet(), FAST);
            owed.settled(true);
        }
    }

    #[test]
    fn the_same_question_again_is_led_by_another_one_until_something_else_was_answered() {
        let (mut owed, now) = (settled(), Instant::now());
        unanswered(&mut owed, 1, 2, now);
        assert_eq!(owed.asks_first(1, 3, 2, now), Some(1));
        assert_eq!((owed.asks_first(1, 3, 5, now), owed.asks_first(1, 4, 2, now), owed.asks_first(2, 3, 2, now)), (None, None, None));
        owed.asks(1, Shape::read(3, 2), now);
        owed.answered();
        assert!(owed.asks_first(1, 3, 2, now).is_some(), "that may have been the late one");
        owed.asks(1, Shape::read(3, 1), now);
        owed.answered();
        assert_eq!(owed.asks_first(1, 3, 2, now), None);
    }

    #[test]
    fn a_leading_question_that_is_owed_itself_is_not_asked_again() {
        let (mut owed, now) = (settled(), Instant::now());
        for count in [1, 2, 3] {
            unanswered(&mut owed, 1, count, now);
        }
        assert_eq!(owed.asks_first(1, 3, 2, now), Some(4));
        owed.asks(1, Shape::read(1, 8), now);
        owed.given_up(now);
        assert_eq!(owed.asks_first(1, 1, 3, now), Some(9), "one to eight coils all come in one byte");
    }

    #[test]
    fn what_a_unit_owes_is_bounded_and_forgotten_after_a_while() {
        let (mut owed, now) = (settled(), Instant::now());
        (1..100).for_each(|count| unanswered(&mut owed, 1, count, now));
        assert_eq!(owed.units[&1].shapes.len(), MOST);
        assert_eq!(owed.asks_first(1, 3, 99, now + FORGOTTEN * 2), None);
    }
}
