//! An edge node as written in the settings, and the map of metrics made of it, which cannot be wrong.

use super::{
    Sparkplug, Spot,
    address::{BadAddress, Node},
    kind::Kind,
};
use crate::{
    device::{Place, Spoken},
    mqtt::{broker::Broker, config::client_id, wire::Session},
    point::PointConfig,
    problem::{Problem, Under},
};
use millwright_domain::ids::DeviceId;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// One edge node and the devices behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SparkplugNode {
    #[serde(flatten)]
    pub broker: Broker,
    pub group: String,
    pub node: String,
    /// Whether the node may be told to publish its births again, which is a command to the node and never to a machine.
    #[serde(default = "yes")]
    pub request_rebirth: bool,
}

fn yes() -> bool {
    true
}

impl SparkplugNode {
    pub(crate) fn checked(&self, id: &DeviceId, points: &[PointConfig]) -> Under<Spoken> {
        self.broker.check()?;
        for (key, name) in [("group", &self.group), ("node", &self.node)] {
            if !Node::is_name(name) {
                return Err((key.into(), Problem::Protocol("must be a name without / + and #".into())));
            }
        }
        let node = Node { group: self.group.clone(), name: self.node.clone() };
        let spots: Vec<Spot> = points.iter().enumerate().map(|(index, config)| spot(&node, index, config)).collect::<Under<_>>()?;
        let places = spots.iter().map(Spot::place).collect();
        // Nothing is kept for us: what a node said while we were away means nothing without its births.
        let session = Session { client_id: client_id(&self.broker, id), kept: false, at_least_once: true, filters: filters(&node) };
        let address = format!("{} at {}", node, self.broker.host_and_port());
        let protocol = Sparkplug::new(self.broker.clone(), session, node, spots, self.request_rebirth);
        Ok(Spoken { address, pause: Duration::ZERO, places, protocol: Arc::new(protocol) })
    }
}

/// Everything that counts in the node's sequence of messages.
fn filters(Node { group, name }: &Node) -> Vec<String> {
    let own = ["NBIRTH", "NDATA", "NDEATH"].map(|of| format!("spBv1.0/{group}/{of}/{name}"));
    let of_devices = ["DBIRTH", "DDATA", "DDEATH"].map(|of| format!("spBv1.0/{group}/{of}/{name}/+"));
    own.into_iter().chain(of_devices).collect()
}

fn spot(node: &Node, index: usize, config: &PointConfig) -> Under<Spot> {
    let under = |key: &str, why: String| (format!("points[{index}].{key}"), Problem::Protocol(format!("cannot be used: {why}")));
    let address = node.address(&config.address).map_err(|why: BadAddress| under("address", why.to_string()))?;
    let kind: Option<Kind> = config.kind.as_deref().map(str::parse).transpose().map_err(|why| under("type", why))?;
    Ok(Spot { address, kind })
}

impl Spot {
    fn place(&self) -> Place {
        let is_text = matches!(self.kind, Some(Kind::String | Kind::Text));
        let writable = if is_text { Err(format!("{} is a text, and only numbers are written", self.address)) } else { Ok(()) };
        let kind = self.kind.map(|kind| format!(" ({kind})")).unwrap_or_default();
        Place { canonical: format!("{}{kind}", self.address), unit: 1, writable }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn node() -> SparkplugNode {
        serde_json::from_value(json!({ "address": "broker.plant", "group": "plant", "node": "gw-1" })).unwrap()
    }
    fn checked(node: &SparkplugNode, address: &str) -> Under<Spoken> {
        node.checked(&"pump-1".parse().unwrap(), &[PointConfig::at("p/speed".parse().unwrap(), address)])
    }

    #[test]
    fn a_node_is_known_by_its_group_and_name_and_an_unknown_key_is_refused() {
        let spoken = checked(&node(), "pump:Speed").unwrap();
        assert_eq!((spoken.address.as_str(), spoken.places[0].canonical.as_str()), ("plant/gw-1 at broker.plant:1883", "plant/gw-1/pump:Speed"));
        let unknown = serde_json::from_value::<SparkplugNode>(json!({ "address": "b", "group": "g", "node": "n", "rebirth": true }));
        assert!(unknown.unwrap_err().to_string().contains("rebirth"));
    }

    #[test]
    fn what_cannot_be_is_named_with_its_key() {
        let key = |node: &SparkplugNode, address: &str| checked(node, address).map(drop).unwrap_err().0;
        assert_eq!(key(&SparkplugNode { group: "a/b".into(), ..node() }, "pump:Speed"), "group");
        assert_eq!(key(&SparkplugNode { node: String::new(), ..node() }, "pump:Speed"), "node");
        assert_eq!(key(&node(), "Speed"), "points[0].address");
    }
}
