//! An edge node's messages without a broker, for whoever wants to see what arbitrary bytes come to: births first, then anything.

use super::{address::Node, births, births::Life, kind::Kind, payload};
use crate::protocol::{Answer, PointNo};
use std::time::Instant;

/// Two points on the node `g/n`: `d:a` of any type, and the node's own `b`, which has to be an `Int32`.
#[derive(Debug)]
pub struct Trial {
    life: Life,
    node: Node,
}

impl Default for Trial {
    fn default() -> Self {
        let points = [(Some("d".to_string()), "a".to_string(), None), (None, "b".to_string(), Some(Kind::Int32))];
        Self { life: Life::new(points, true), node: Node { group: "g".into(), name: "n".into() } }
    }
}

impl Trial {
    /// What the message tells.
    pub fn hear(&mut self, topic: &str, bytes: &[u8]) -> Vec<(PointNo, Answer)> {
        let Some(spoken) = births::spoken(&self.node, topic) else { return vec![] };
        let payload = payload::decode(bytes);
        let learned = self.life.hear(spoken, payload.as_ref(), Instant::now());
        learned.told.into_iter().map(|told| (told.point, told.answer)).collect()
    }
}
