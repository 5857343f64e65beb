//! Names of things: slugs that a person types (sites, assets, devices, signals) and UUIDs that we make.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use thiserror::Error;
use uuid::Uuid;

/// Why a text cannot be an id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is no id: use one as it is shown, such as 0198c2f4-7d1e-7c3a-9f42-3b6a51d2e870")]
pub struct BadId {
    text: String,
    #[source]
    cause: uuid::Error,
}

/// Why a text cannot be a name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} cannot be a {what}: use 1 to 96 of a-z, 0-9, '-', '_'{extra}, beginning with a letter or digit")]
pub struct BadName {
    pub what: &'static str,
    pub text: String,
    extra: &'static str,
}

fn check(what: &'static str, text: &str, extra: &'static str) -> Result<(), BadName> {
    let begins_well = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let fits = text.len() <= 96 && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c) || extra.contains(c));
    if begins_well && fits {
        return Ok(());
    }
    Err(BadName { what, text: text.chars().take(120).collect(), extra })
}

macro_rules! slug {
    ($(#[$doc:meta])* $name:ident, $what:literal, $extra:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(extend("pattern" = concat!("^[a-z0-9][a-z0-9_", $extra, "-]{0,95}$")))]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                check($what, text, $extra)?;
                Ok(Self(text.into()))
            }
        }
        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0.to_string()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

slug!(/// A plant at one place (ISA-95 site). One site has one order of facts.
    SiteId, "site", "");
slug!(/// A machine that can wear, fail and be repaired (ISA-95 equipment).
    AssetId, "asset", "");
slug!(/// A PLC, gateway or sensor that is polled over one connection.
    DeviceId, "device", "");
slug!(/// One running program of a cluster.
    NodeId, "node", ".");
slug!(/// One measured or set quantity, unique within its site, by habit `asset/name`.
    SignalId, "signal", "/.");
slug!(/// A root cause as rules and scenarios name it: `bearing_wear`, `clogging`, …
    CauseId, "cause", "");
slug!(/// An action as policy and rules name it: `reduce_motor_speed_to_60pct`, …
    ActionName, "action", "");
slug!(/// What a task needs and an agent can do: `read_manuals`, `write_code`, …
    Capability, "capability", "");
slug!(/// What an agent is on a site's crew: `manual_hunter`, `coder`, …
    CrewRole, "role on a crew", "");
slug!(/// Who did it: a pseudonym for a person, `svc-…` for a part of Millwright, `agent-…` for a program that holds a token. The name behind a
    /// pseudonym is sealed, see [`crate::sealed`].
    ActorId, "actor", "");
slug!(/// One way to one language model: a provider's model at one address under one credential, as the settings name it.
    DeploymentName, "deployment", ".");
slug!(/// What a language model is good for. Only models of one class stand in for each other.
    ModelClass, "class", "");

impl ActorId {
    /// A program, not a person: it may never approve, and never say `repaired`.
    pub fn is_service(&self) -> bool {
        self.is_part() || self.as_str().starts_with("agent-")
    }
    /// A part of Millwright itself. Nobody outside speaks in its name.
    pub fn is_part(&self) -> bool {
        self.as_str().starts_with("svc-")
    }
    /// The settings file speaks, at a start.
    pub fn is_settings(&self) -> bool {
        self.as_str() == "svc-settings"
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                Uuid::parse_str(text).map(Self).map_err(|cause| BadId { text: text.chars().take(60).collect(), cause })
            }
        }
    };
}

uuid_id!(/// One fault on one asset, from its first alert to its outcome.
    CaseId);
uuid_id!(/// One proposed action of one case.
    ActionId);
uuid_id!(/// One fact. UUIDv7, so ids sort roughly by time.
    EventId);
uuid_id!(/// Given by the caller; the same id always gets the first answer again.
    CommandId);
uuid_id!(/// One attempt's hold on a token budget.
    ReservationId);
uuid_id!(/// One thing that is to leave the house: a message, a ticket, a call.
    EffectId);
uuid_id!(/// One piece of work that a site's crew is to do.
    TaskId);
uuid_id!(/// One letter from one of a site's crew to others.
    LetterId);
uuid_id!(/// One token that opens this program to whoever holds it.
    TokenId);

/// Namespace for every id that we derive instead of draw, so that a retried reaction repeats its ids.
const DERIVED: Uuid = Uuid::from_u128(0x6d69_6c6c_7772_6967_6874_0000_0000_0001);

/// An id that depends on nothing but its inputs: cause, what reacts, and the number of the reaction.
pub fn derived(cause: &str, reaction: &str, number: u32) -> Uuid {
    Uuid::new_v5(&DERIVED, format!("{cause}\u{1f}{reaction}\u{1f}{number}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_refused_with_what_it_should_have_been() {
        let refused = "Pump 1".parse::<AssetId>().unwrap_err().to_string();
        assert!(refused.contains("\"Pump 1\" cannot be a asset"), "{refused}");
        assert!("".parse::<SiteId>().is_err());
        assert!("pump-1/flow".parse::<SignalId>().is_ok());
        assert!("pump-1/flow".parse::<AssetId>().is_err());
    }

    #[test]
    fn a_derived_id_depends_on_each_of_its_inputs() {
        assert_eq!(derived("a", "b", 1), derived("a", "b", 1));
        assert_ne!(derived("a", "b", 1), derived("a", "b", 2));
        assert_ne!(derived("a", "b", 1), derived("ab", "", 1));
    }
}
