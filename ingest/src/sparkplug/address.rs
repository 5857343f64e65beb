//! Where a value lives on a Sparkplug edge node: the device behind it, or none, and the metric's name. Several spellings in, one canonical out.

use std::fmt;
use thiserror::Error;

const LONGEST: usize = 512;

/// The edge node that a device of ours stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub group: String,
    pub name: String,
}

/// A metric of an edge node, or of a device behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub node: Node,
    /// `None`: one of the edge node's own.
    pub device: Option<String>,
    pub metric: String,
}

/// Why a text is no address. Every one says how they are written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadAddress {
    #[error("{0:?} could be read in two ways; write device:metric, or :metric for one of the edge node's own")]
    Ambiguous(String),
    #[error("{0:?} names no metric; write device:metric, or :metric for one of the edge node's own")]
    NoMetric(String),
    #[error("{text:?} is on another edge node than {node}; describe that one as a device of its own")]
    OtherNode { text: String, node: String },
    #[error("{0:?} has a wildcard or a control character, or is longer than 512 bytes; a point is one metric, as in device:metric")]
    BadName(String),
}

impl Node {
    /// A name that can be part of a topic.
    pub fn is_name(text: &str) -> bool {
        !text.is_empty() && text.len() <= LONGEST && !text.contains(['/', '+', '#']) && !text.chars().any(char::is_control)
    }

    /// `device:metric`, `:metric`, `node/device:metric`, `group/node/device:metric`, `group/node/:metric`, or with only slashes
    /// `group/node/device/metric`.
    pub fn address(&self, text: &str) -> Result<Address, BadAddress> {
        let text = text.trim();
        if text.len() > LONGEST || text.chars().any(char::is_control) {
            return Err(BadAddress::BadName(shortened(text)));
        }
        let (device, metric) = match text.split_once(':') {
            Some((place, metric)) => (self.device_of(text, place)?, metric.trim()),
            None => self.by_slashes(text)?,
        };
        if metric.is_empty() {
            return Err(BadAddress::NoMetric(shortened(text)));
        }
        if !device.is_empty() && !Self::is_name(device) {
            return Err(BadAddress::BadName(shortened(text)));
        }
        let device = (!device.is_empty()).then(|| device.to_string());
        Ok(Address { node: self.clone(), device, metric: metric.into() })
    }

    /// What stands before the colon.
    fn device_of<'a>(&self, text: &str, place: &'a str) -> Result<&'a str, BadAddress> {
        let steps: Vec<&str> = place.split('/').map(str::trim).collect();
        match steps[..] {
            [device] => Ok(device),
            [node, device] if node == self.name => Ok(device),
            [group, node, device] if group == self.group && node == self.name => Ok(device),
            [_, _] | [_, _, _] => Err(BadAddress::OtherNode { text: shortened(text), node: self.to_string() }),
            _ => Err(BadAddress::BadName(shortened(text))),
        }
    }

    fn by_slashes<'a>(&self, text: &'a str) -> Result<(&'a str, &'a str), BadAddress> {
        let mut steps = text.splitn(4, '/');
        match (steps.next(), steps.next(), steps.next(), steps.next()) {
            (Some(group), Some(node), Some(device), Some(metric)) if group == self.group && node == self.name => Ok((device.trim(), metric.trim())),
            _ => Err(BadAddress::Ambiguous(shortened(text))),
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.group, self.name)
    }
}
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.node, self.device.as_deref().unwrap_or_default(), self.metric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> Node {
        Node { group: "plant".into(), name: "gw-1".into() }
    }
    fn canonical(text: &str) -> String {
        node().address(text).unwrap().to_string()
    }

    #[test]
    fn all_spellings_come_to_one() {
        for text in
            ["pump:Motor/Speed", "gw-1/pump:Motor/Speed", "plant/gw-1/pump:Motor/Speed", "plant/gw-1/pump/Motor/Speed", " pump : Motor/Speed "]
        {
            assert_eq!(canonical(text), "plant/gw-1/pump:Motor/Speed", "{text}");
        }
        for text in [":Uptime", "gw-1/:Uptime", "plant/gw-1/:Uptime"] {
            assert_eq!(canonical(text), "plant/gw-1/:Uptime", "{text}");
        }
        assert_eq!(canonical("pump:a:b"), "plant/gw-1/pump:a:b", "the first colon ends the device");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let why = |text: &str| node().address(text).unwrap_err();
        assert!(matches!(why("Motor/Speed"), BadAddress::Ambiguous(_)), "a device Motor, or a metric of the node's own?");
        assert!(matches!(why("speed"), BadAddress::Ambiguous(_)));
        assert!(matches!(why("pump:"), BadAddress::NoMetric(_)));
        assert!(matches!(why("plant/gw-2/pump:speed"), BadAddress::OtherNode { .. }));
        assert!(matches!(why("pu+mp:speed"), BadAddress::BadName(_)));
        assert!(matches!(why("a/b/c/d:speed"), BadAddress::BadName(_)));
    }
}
