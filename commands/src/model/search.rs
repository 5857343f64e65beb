//! Breadth first through all states: the first thing found wrong is found by the fewest steps that lead to it.

use super::{after::Model, menu::Menu, mutant::Mutant, rules::hash_of, scope::Scope, step::Step, world::World};
use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    hash::{Hash, Hasher},
    time::{Duration, Instant},
};

pub struct Found {
    pub scope: &'static str,
    pub states: usize,
    pub transitions: usize,
    /// Steps of the longest of the shortest ways to a state.
    pub depth: usize,
    /// Whether there was nothing left to try, or the search ended at its longest runs.
    pub is_whole: bool,
    /// Different sites, and questions decided on them by the rules.
    pub decided: (usize, usize),
    pub took: Duration,
    pub seen: BTreeMap<&'static str, usize>,
    pub wrong: Option<Counterexample>,
}

pub struct Counterexample {
    /// Each step, and what was recorded or refused.
    pub lines: Vec<String>,
    pub why: String,
}

/// How a state was come to.
#[derive(Clone, Copy)]
struct From {
    state: u32,
    step: Step,
}

pub fn search(scope: &Scope, mutant: Option<Mutant>) -> Found {
    let began = Instant::now();
    let (mut model, first) = Model::given(scope.given, mutant);
    let mut known = HashSet::from([fingerprint(&first)]);
    let mut ways: Vec<Option<From>> = vec![None];
    let mut level = vec![(0_u32, first)];
    let (mut transitions, mut depth, mut wrong) = (0, 0, None);
    'levels: while !level.is_empty() && depth < scope.steps {
        let mut next = vec![];
        for (number, world) in &level {
            let steps = Menu { scope, world, proposals: &model.proposals, steps: vec![] }.all();
            for step in steps {
                transitions += 1;
                let from = From { state: *number, step };
                match model.after(world, step) {
                    Ok(after) if after == *world => {}
                    Ok(mut after) => {
                        scope.counts(step).into_iter().for_each(|limit| after.used[limit] += 1);
                        if known.insert(fingerprint(&after)) {
                            next.push((u32::try_from(ways.len()).unwrap(), after));
                            ways.push(Some(from));
                        }
                    }
                    Err(why) => {
                        wrong = Some((from, why));
                        break 'levels;
                    }
                }
            }
        }
        depth += usize::from(!next.is_empty());
        level = next;
    }
    let wrong = wrong.map(|(from, why)| Counterexample::told(scope.given.iter().copied().chain(way_to(&ways, from)), why, mutant));
    let (is_whole, decided) = (level.is_empty(), model.rules.size());
    Found { scope: scope.name, states: ways.len(), transitions, depth, is_whole, decided, took: began.elapsed(), seen: model.seen, wrong }
}

/// Over the whole state.
fn fingerprint(world: &World) -> u128 {
    /// All that makes the state up, one after the other.
    struct Bytes(Vec<u8>);
    impl Hasher for Bytes {
        fn write(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut bytes = Bytes(Vec::with_capacity(256));
    world.hash(&mut bytes);
    hash_of(&bytes.0)
}

fn way_to(ways: &[Option<From>], last: From) -> Vec<Step> {
    let mut steps = vec![last.step];
    let mut at = last.state;
    while let Some(from) = ways[at as usize] {
        steps.push(from.step);
        at = from.state;
    }
    steps.reverse();
    steps
}

impl Counterexample {
    /// Walks the way once more, to say what each step led to.
    fn told(steps: impl IntoIterator<Item = Step>, why: String, mutant: Option<Mutant>) -> Self {
        let (mut model, mut world) = Model::given(&[], mutant);
        let mut lines = vec![];
        for step in steps {
            let after = model.after(&world, step);
            let led_to = if model.told.is_empty() { String::new() } else { format!(" → {}", model.told.join(", ")) };
            lines.push(format!("{step}{led_to}"));
            world = after.unwrap_or(world);
        }
        Self { lines, why }
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, line) in (1..).zip(&self.lines) {
            writeln!(f, "  {number:>2}. {line}")?;
        }
        write!(f, "      {}", self.why)
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, states, transitions, depth, decided: (sites, questions), took, .. } = self;
        let end = if self.is_whole { "all there are" } else { "all up to there" };
        write!(f, "{scope}: {states} states, {transitions} transitions, {depth} steps deep ({end}); ")?;
        writeln!(f, "{questions} questions decided on {sites} sites; {:.1} s", took.as_secs_f64())?;
        let seen: Vec<String> = self.seen.iter().map(|(what, times)| format!("{what} {times}")).collect();
        write!(f, "  {}", seen.join(", "))
    }
}
