//! How much a search may try: who may propose, answer and fail, and how often each kind of thing may happen in one run.

use super::{
    cast::{Named, Who},
    step::{Ask, Change, Deed, Instead, Reply, Shown, Step, What},
};

/// What may happen only so often in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    Wait,
    Machine,
    KillSwitch,
    LockOut,
    Policy,
    Diagnosis,
    Close,
    Assign,
    Crash,
    Delegate,
    Propose,
    Modify,
}

pub const LIMITS: usize = 12;

#[derive(Debug, Clone, Copy)]
pub struct Scope {
    pub name: &'static str,
    /// What has happened before the search begins.
    pub given: &'static [Step],
    /// A run is no longer than this, if at all.
    pub steps: usize,
    pub proposes: &'static [(Who, Named)],
    pub instead: &'static [(Who, Instead)],
    /// Who says yes, and how.
    pub says_yes: &'static [(Who, Shown)],
    pub replies: &'static [Reply],
    /// How many nodes there are, and whether people go and look at what nobody knows.
    pub nodes: usize,
    pub looks: bool,
    pub limits: [u8; LIMITS],
}

/// In the order of [`Limit`].
const fn limits(of: &[(Limit, u8)]) -> [u8; LIMITS] {
    let mut limits = [0; LIMITS];
    let mut next = 0;
    while next < of.len() {
        limits[of[next].0 as usize] = of[next].1;
        next += 1;
    }
    limits
}

const NO_LIMIT: u8 = u8::MAX;
const NO_END: usize = usize::MAX;

impl Scope {
    /// Whether that may happen once more in a run where each has happened so often.
    pub const fn allows(&self, limit: Limit, used: &[u8; LIMITS]) -> bool {
        used[limit as usize] < self.limits[limit as usize]
    }

    /// What this step counts for, if it is counted.
    pub fn counts(&self, step: Step) -> Option<usize> {
        let limit = match step {
            Step::WaitUntil(_) => Limit::Wait,
            Step::Machine(Change::MovedByHand | Change::PressureRises | Change::FallsSilent | Change::IsForgotten) => Limit::Machine,
            Step::Node(_, Deed::RunEnds { .. } | Deed::Dies { .. }) => Limit::Crash,
            Step::Ask(ask) => match ask.what {
                What::EngageKillSwitch => Limit::KillSwitch,
                What::LockOut => Limit::LockOut,
                What::Adopt(_) => Limit::Policy,
                What::Diagnose(_) => Limit::Diagnosis,
                What::Close => Limit::Close,
                What::Assign(_) => Limit::Assign,
                What::Delegate(..) => Limit::Delegate,
                What::Propose(_) => Limit::Propose,
                What::Modify(..) => Limit::Modify,
                _ => return None,
            },
            Step::Again(_) | Step::Machine(_) | Step::Node(..) | Step::Letter(_) => return None,
        };
        Some(limit as usize).filter(|limit| self.limits[*limit] != NO_LIMIT)
    }
}

const REPLIES: &[Reply] = &[Reply::Took, Reply::Refused, Reply::Lost];

/// Bob and Ann in every way; somebody whom policy does not name, and a program, at the page.
const EVERY_YES: &[(Who, Shown)] = &[
    (Who::Ann, Shown::Page),
    (Who::Bob, Shown::Page),
    (Who::Bob, Shown::Chat),
    (Who::Bob, Shown::OldPage),
    (Who::Bob, Shown::OldChat),
    (Who::Bob, Shown::StubInChat),
    (Who::Emma, Shown::Page),
    (Who::Diagnosis, Shown::Page),
];

const WAITS: Step = Step::Ask(Ask { by: Who::Diagnosis, what: What::Propose(Named::Slow) });
const ALLOWED: Step = Step::Ask(Ask { by: Who::Ann, what: What::Approve(0, Shown::Page) });
const BEGUN: Step = Step::Ask(Ask { by: Who::Executor, what: What::Start(0, true) });

/// Everything at once, in short runs.
pub const EVERYTHING: Scope = Scope {
    name: "everything",
    given: &[],
    steps: 4,
    proposes: &[
        (Who::Diagnosis, Named::Slow),
        (Who::Diagnosis, Named::Stop),
        (Who::Diagnosis, Named::Reduce),
        (Who::Diagnosis, Named::Reprogram),
        (Who::Ann, Named::Slow),
        (Who::Ann, Named::Stop),
    ],
    instead: &[(Who::Bob, Instead::Value(1_000)), (Who::Bob, Instead::Action(Named::Reduce))],
    says_yes: EVERY_YES,
    replies: REPLIES,
    nodes: 2,
    looks: true,
    limits: [NO_LIMIT; LIMITS],
};
pub const EVERYTHING_ALLOWED: Scope = Scope { name: "everything, from a yes on", given: &[WAITS, ALLOWED], steps: 3, ..EVERYTHING };
pub const EVERYTHING_BEGUN: Scope = Scope { name: "everything, from a beginning on", given: &[WAITS, ALLOWED, BEGUN], steps: 3, ..EVERYTHING };

/// Who may say yes to what, when and how: one proposal and what it is modified to, under two policies.
pub const YES: Scope = Scope {
    name: "a yes",
    steps: NO_END,
    proposes: &[(Who::Diagnosis, Named::Stop), (Who::Ann, Named::Slow)],
    instead: &[(Who::Bob, Instead::Value(1_000)), (Who::Ann, Instead::Action(Named::Reduce))],
    nodes: 0,
    limits: limits(&[(Limit::Wait, 2), (Limit::Policy, 1), (Limit::Delegate, 1), (Limit::Propose, 1), (Limit::Modify, 1)]),
    ..EVERYTHING
};
/// The policy goes there and back, and what begins is written.
pub const LONG_YES: Scope = Scope {
    name: "a yes, the long form",
    nodes: 1,
    replies: &[Reply::Took],
    limits: limits(&[(Limit::Wait, 2), (Limit::Policy, 2), (Limit::Delegate, 1), (Limit::Propose, 1), (Limit::Modify, 1)]),
    ..YES
};

/// What may hold a write back between its yes and its beginning: switches, policy, diagnosis, the machine itself.
pub const BEGINNING: Scope = Scope {
    name: "a beginning",
    steps: NO_END,
    proposes: &[(Who::Diagnosis, Named::Slow)],
    instead: &[],
    says_yes: &[(Who::Ann, Shown::Page)],
    nodes: 0,
    limits: limits(&[
        (Limit::Wait, 1),
        (Limit::Machine, 1),
        (Limit::KillSwitch, 1),
        (Limit::LockOut, 1),
        (Limit::Policy, 1),
        (Limit::Diagnosis, 1),
        (Limit::Propose, 1),
    ]),
    ..EVERYTHING
};
pub const LONG_BEGINNING: Scope = Scope {
    name: "a beginning, the long form",
    limits: limits(&[
        (Limit::Wait, 2),
        (Limit::Machine, 2),
        (Limit::KillSwitch, 1),
        (Limit::LockOut, 1),
        (Limit::Policy, 2),
        (Limit::Diagnosis, 1),
        (Limit::Close, 1),
        (Limit::Propose, 1),
    ]),
    ..BEGINNING
};

/// One write and two nodes: runs that end, processes that die, a device that changes hands, words that come late.
pub const ONE_WRITE: Scope = Scope {
    name: "one write",
    steps: NO_END,
    proposes: &[(Who::Diagnosis, Named::Slow)],
    instead: &[],
    says_yes: &[(Who::Ann, Shown::Page)],
    limits: limits(&[(Limit::Wait, 2), (Limit::Assign, 1), (Limit::Crash, 1), (Limit::Propose, 1)]),
    ..EVERYTHING
};
pub const LONG_ONE_WRITE: Scope = Scope {
    name: "one write, the long form",
    limits: limits(&[(Limit::Wait, 3), (Limit::Assign, 2), (Limit::Crash, 2), (Limit::Propose, 1)]),
    ..ONE_WRITE
};

/// After one write has begun, another one of the same case; what failed is proposed anew.
pub const TWO_WRITES: Scope = Scope {
    name: "two writes",
    given: &[WAITS, ALLOWED, BEGUN],
    steps: NO_END,
    proposes: &[(Who::Diagnosis, Named::Slow), (Who::Diagnosis, Named::Reduce)],
    instead: &[],
    says_yes: &[(Who::Ann, Shown::Page), (Who::Ann, Shown::OldPage)],
    nodes: 1,
    limits: limits(&[(Limit::Wait, 3), (Limit::Propose, 1)]),
    ..EVERYTHING
};
/// From the first proposal on, with a run that ends.
pub const LONG_TWO_WRITES: Scope = Scope {
    name: "two writes, the long form",
    given: &[],
    limits: limits(&[(Limit::Wait, 3), (Limit::Crash, 1), (Limit::Propose, 2)]),
    ..TWO_WRITES
};
