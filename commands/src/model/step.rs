//! One small step of one actor, and how it reads in a counterexample.

use super::cast::{Named, Who};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    Ask(Ask),
    /// The command that proposed this arrives a second time.
    Again(usize),
    WaitUntil(u16),
    Machine(Change),
    Node(usize, Deed),
    /// The last word of an ended run arrives.
    Letter(usize),
}

/// Something is asked, and decided by the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ask {
    pub by: Who,
    pub what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    Propose(Named),
    Modify(usize, Instead),
    Approve(usize, Shown),
    Reject(usize),
    Delegate(usize, Who),
    Escalate(usize),
    Expire(usize),
    /// `first`: under the id that each run of an executor uses first.
    Start(usize, bool),
    Finish(usize, Word),
    Verify(usize, bool),
    EngageKillSwitch,
    ReleaseKillSwitch,
    LockOut,
    ReturnToService,
    Adopt(u8),
    Diagnose(u8),
    Close,
    Assign(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Instead {
    Value(u16),
    Action(Named),
}

/// What the person who says yes looks at, and how much of the binding that hands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    Page,
    Chat,
    /// Another proposal's.
    OldPage,
    OldChat,
    /// A button with one digit too few.
    StubInChat,
}

impl Shown {
    pub const fn is_chat(self) -> bool {
        matches!(self, Self::Chat | Self::OldChat | Self::StubInChat)
    }
    pub const fn is_old(self) -> bool {
        matches!(self, Self::OldPage | Self::OldChat)
    }
}

/// What an executor says came of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Word {
    Took,
    Failed,
    NobodyKnows,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    MovedByHand,
    MovedBack,
    PressureRises,
    PressureFalls,
    FallsSilent,
    IsForgotten,
    Answers,
}

/// What a node does by itself, without asking anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    /// Its collector takes the device that it was assigned, and its executor works off what stands open on it.
    Takes,
    /// Its collector hears that the device is another one's.
    LetsGo,
    /// Its executor comes to that `ActionStarted` on the ledger.
    Reads(usize),
    /// The write is at the gate.
    Sends(usize, Reply),
    /// So is one that was handed over by a run that has ended since.
    LineSends(usize, Reply),
    LooksAfter(usize),
    Tells(usize),
    /// The executor's task ends; the process and its devices stay. What it had handed over goes on, if `leaves`.
    RunEnds {
        leaves: bool,
    },
    /// The process ends. Its last word is on its way, if `leaves`.
    Dies {
        leaves: bool,
    },
    RunBegins,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reply {
    Took,
    Refused,
    Lost,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask(Ask { by, what }) => write!(f, "{} {what}", by.name()),
            Self::Again(slot) => write!(f, "the command that proposed a{} arrives again, under the same id", slot + 1),
            Self::WaitUntil(at) => write!(f, "time passes until {at} s"),
            Self::Machine(change) => f.write_str(match change {
                Change::MovedByHand => "the machine is moved by hand",
                Change::MovedBack => "the machine is moved back by hand",
                Change::PressureRises => "the pressure rises above what the interlock allows",
                Change::PressureFalls => "the pressure falls again",
                Change::FallsSilent => "the device falls silent",
                Change::IsForgotten => "the last reading is lost with the collector's memory",
                Change::Answers => "the device answers again",
            }),
            Self::Node(node, deed) => write!(f, "node {}: {deed}", ["A", "B"][*node]),
            Self::Letter(slot) => write!(f, "the last word of an ended run about a{} arrives", slot + 1),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Propose(named) => write!(f, "proposes {}", named.name()),
            Self::Modify(slot, Instead::Value(value)) => write!(f, "wants {value} instead of a{}", slot + 1),
            Self::Modify(slot, Instead::Action(named)) => write!(f, "wants {} instead of a{}", named.name(), slot + 1),
            Self::Approve(slot, shown) => write!(
                f,
                "says yes to a{} {}",
                slot + 1,
                match shown {
                    Shown::Page => "at the page",
                    Shown::Chat => "in a chat",
                    Shown::OldPage => "at a page that shows another proposal",
                    Shown::OldChat => "in a chat, by a button for another proposal",
                    Shown::StubInChat => "in a chat, by a button with 15 digits",
                }
            ),
            Self::Reject(slot) => write!(f, "says no to a{}", slot + 1),
            Self::Delegate(slot, to) => write!(f, "asks {} to answer for a{}", to.name(), slot + 1),
            Self::Escalate(slot) => write!(f, "escalates a{}", slot + 1),
            Self::Expire(slot) => write!(f, "finds that the time of a{} is over", slot + 1),
            Self::Start(slot, true) => write!(f, "asks to begin a{}", slot + 1),
            Self::Start(slot, false) => write!(f, "asks to begin a{} under another id", slot + 1),
            Self::Finish(slot, word) => write!(f, "says of a{}: {word:?}", slot + 1),
            Self::Verify(slot, true) => write!(f, "looked: a{} took", slot + 1),
            Self::Verify(slot, false) => write!(f, "looked: a{} did not take", slot + 1),
            Self::EngageKillSwitch => f.write_str("engages the kill switch"),
            Self::ReleaseKillSwitch => f.write_str("releases the kill switch"),
            Self::LockOut => f.write_str("locks the machine out"),
            Self::ReturnToService => f.write_str("returns the machine to service"),
            Self::Adopt(0) => f.write_str("adopts the careful policy"),
            Self::Adopt(_) => f.write_str("adopts the loose policy"),
            Self::Diagnose(cause) => write!(f, "revises the diagnosis to {}", super::ask::CAUSES[usize::from(*cause)]),
            Self::Close => f.write_str("closes the case"),
            Self::Assign(node) => write!(f, "assigns the device to node {}", ["A", "B"][*node]),
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Takes => f.write_str("takes the device it was assigned"),
            Self::LetsGo => f.write_str("hears that the device is another's, and lets go of it"),
            Self::Reads(slot) => write!(f, "its executor reads that a{} has begun", slot + 1),
            Self::Sends(slot, Reply::Took) => write!(f, "the write of a{} is at the gate; the device confirms what it gets", slot + 1),
            Self::Sends(slot, Reply::Refused) => write!(f, "the write of a{} is at the gate; the device refuses what it gets", slot + 1),
            Self::Sends(slot, Reply::Lost) => write!(f, "the write of a{} is at the gate; no reply comes back", slot + 1),
            Self::LineSends(slot, _) => write!(f, "a write of a{} that an ended run had handed over is at the gate", slot + 1),
            Self::LooksAfter(slot) => write!(f, "its executor looks at what a former run left of a{}", slot + 1),
            Self::Tells(slot) => write!(f, "its executor says what came of a{}", slot + 1),
            Self::RunEnds { leaves: true } => f.write_str("the run of its executor ends; what it handed over goes on"),
            Self::RunEnds { leaves: false } => f.write_str("the run of its executor ends"),
            Self::Dies { leaves: true } => f.write_str("the process dies; its last word is on its way"),
            Self::Dies { leaves: false } => f.write_str("the process dies"),
            Self::RunBegins => f.write_str("a new run of its executor begins"),
        }
    }
}
