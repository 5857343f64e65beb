//! Poll classes: points that are read together, at one pace.

use crate::{
    problem::{Problem, Under, within},
    protocol::Manner,
};
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, time::Duration};

/// As a person writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PollClass {
    pub name: String,
    /// How often it is asked; of a device that tells by itself, for how long what it tells is gathered into one scan.
    pub interval_ms: u64,
    #[serde(default = "one_second")]
    pub timeout_ms: u64,
    /// Only of a device that tells by itself: a value not told for so long is no value any more. 0: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_after_ms: Option<u64>,
}

impl PollClass {
    pub fn every(interval_ms: u64) -> Self {
        Self { name: "default".into(), interval_ms, timeout_ms: one_second(), stale_after_ms: None }
    }
}

pub(crate) fn every_second() -> Vec<PollClass> {
    vec![PollClass::every(1_000)]
}
fn one_second() -> u64 {
    1_000
}
/// A device that only tells what changes still has to be heard now and then.
const USUALLY_STALE_AFTER: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Class {
    pub name: String,
    pub interval: Duration,
    pub timeout: Duration,
    /// Of a device that tells by itself.
    pub stale_after: Option<Duration>,
}

impl Class {
    /// The classes, if there are any, each of its own name and with times that can be.
    pub(crate) fn checked(classes: &[PollClass], manner: Manner) -> Under<Vec<Self>> {
        if classes.is_empty() {
            return Err(("classes".into(), Problem::Empty));
        }
        let mut names = HashSet::new();
        for (index, class) in classes.iter().enumerate() {
            if !names.insert(&class.name) {
                return Err((format!("classes[{index}].name {:?}", class.name), Problem::Twice));
            }
            within(&format!("classes[{index}].interval_ms"), class.interval_ms, 1, 86_400_000)?;
            within(&format!("classes[{index}].timeout_ms"), class.timeout_ms, 1, 60_000)?;
            if manner == Manner::Asked && class.stale_after_ms.is_some() {
                let what = "is for devices that tell by themselves; leave it out: this one is asked, and says at once that it is not there";
                return Err((format!("classes[{index}].stale_after_ms"), Problem::Protocol(what.into())));
            }
        }
        let checked = |class: &PollClass| Self {
            name: class.name.clone(),
            interval: Duration::from_millis(class.interval_ms),
            timeout: Duration::from_millis(class.timeout_ms),
            stale_after: match (manner, class.stale_after_ms) {
                (Manner::Asked, _) | (Manner::Told, Some(0)) => None,
                (Manner::Told, wanted) => Some(wanted.map_or(USUALLY_STALE_AFTER, Duration::from_millis)),
            },
        };
        Ok(classes.iter().map(checked).collect())
    }

    /// The place of the class of that name; the first where none is named.
    pub(crate) fn position(classes: &[Self], name: Option<&str>) -> Under<usize> {
        let Some(wanted) = name else { return Ok(0) };
        let known = || classes.iter().map(|class| class.name.as_str()).collect::<Vec<_>>().join(", ");
        classes.iter().position(|class| class.name == wanted).ok_or_else(|| ("class".into(), Problem::UnknownClass(known())))
    }
}
