//! Who and what the model is about: people, parts of Millwright, named actions, and two policies with what they say in plain words.

use crate::testing::plant;
use millwright_domain::{
    approval::Exception,
    ids::ActorId,
    policy::{Policy, Ruling},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    Ann,
    Bob,
    Carl,
    Emma,
    Diagnosis,
    Executor,
    Timekeeper,
    Settings,
    Collector,
}

pub const PEOPLE: [Who; 4] = [Who::Ann, Who::Bob, Who::Carl, Who::Emma];

impl Who {
    const ALL: [Self; 9] =
        [Self::Ann, Self::Bob, Self::Carl, Self::Emma, Self::Diagnosis, Self::Executor, Self::Timekeeper, Self::Settings, Self::Collector];
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ann => "ann",
            Self::Bob => "bob",
            Self::Carl => "carl",
            Self::Emma => "emma",
            Self::Diagnosis => "svc-diagnosis",
            Self::Executor => "svc-executor",
            Self::Timekeeper => "svc-timekeeper",
            Self::Settings => "svc-settings",
            Self::Collector => "svc-collector",
        }
    }
    pub fn actor(self) -> ActorId {
        self.name().parse().unwrap()
    }
    pub fn of(actor: &ActorId) -> Option<Self> {
        Self::ALL.into_iter().find(|who| who.name() == actor.as_str())
    }
    pub fn is_person(self) -> bool {
        PEOPLE.contains(&self)
    }
    /// In a set of persons.
    pub const fn bit(self) -> u8 {
        match self {
            Self::Ann => 1,
            Self::Bob => 2,
            Self::Carl => 4,
            Self::Emma => 8,
            Self::Diagnosis | Self::Executor | Self::Timekeeper | Self::Settings | Self::Collector => 0,
        }
    }
}

/// An action of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Named {
    Reduce,
    Slow,
    Stop,
    Reprogram,
}

impl Named {
    const ALL: [Self; 4] = [Self::Reduce, Self::Slow, Self::Stop, Self::Reprogram];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Reduce => "reduce_motor_speed_to_60pct",
            Self::Slow => "slow_pump_to_75pct",
            Self::Stop => "shutdown_motor",
            Self::Reprogram => "modify_plc_program",
        }
    }
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|named| named.name() == name)
    }
    /// What policy has it write. The pump is rated at 1500 and stands at [`STANDS_AT`].
    pub const fn own_value(self) -> u16 {
        match self {
            Self::Reduce => 900,
            Self::Slow => 1_125,
            Self::Stop | Self::Reprogram => 600,
        }
    }
}

/// The pump's setpoint in the beginning.
pub const STANDS_AT: u16 = 1_200;

/// Who has to say yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Says {
    Itself,
    One,
    Two,
    Never,
}

/// Policies by number: the careful one, and a loose one that the site may change to and back.
pub const POLICIES: [u8; 2] = [0, 1];

/// What the policies mean, written down a second time: nothing here asks `Policy` itself.
pub const fn says(policy: u8, named: Named) -> Says {
    match (policy, named) {
        (_, Named::Reprogram) | (1, Named::Reduce) => Says::Never,
        (_, Named::Reduce) | (1, Named::Slow) => Says::Itself,
        (_, Named::Slow) | (1, Named::Stop) => Says::One,
        (_, Named::Stop) => Says::Two,
    }
}

pub const fn approvers(policy: u8) -> u8 {
    let careful = Who::Ann.bit() | Who::Bob.bit() | Who::Carl.bit();
    if policy == 0 { careful } else { careful | Who::Emma.bit() }
}

/// Seconds that a yes has, and after which nobody's answer is handed to Emma.
pub const EXPIRES_AFTER: u16 = 300;
pub const ESCALATES_AFTER: u16 = 120;

pub fn policy(number: u8) -> Policy {
    let named = |named: Named| named.name().parse().unwrap();
    if number == 0 {
        let plan =
            r#"{"approvers": {"medium": ["ann", "bob", "carl"], "high": ["ann", "bob", "carl"]}, "escalate": [{"after_s": 120, "to": ["emma"]}]}"#;
        return Policy { approval: serde_json::from_str(plan).unwrap(), ..plant::careful_policy() };
    }
    let by_itself =
        Exception { action: named(Named::Slow), assets: [plant::asset()].into(), hours: None, track_record: None, ruling: Ruling::AutoApprove };
    let never = vec![named(Named::Reprogram), named(Named::Reduce)];
    Policy { auto_approve: vec![], require_approval: vec![named(Named::Stop)], never, exceptions: vec![by_itself], ..plant::policy() }
}
