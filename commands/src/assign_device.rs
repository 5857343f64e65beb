//! AssignDevice: a collector takes a device over, under an epoch above every earlier one.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    collecting::DeviceAssigned,
    envelope::StreamId,
    ids::{DeviceId, NodeId},
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asked anew at every start of a collector: scans are numbered from 0 in each epoch, so none may be used twice.
/// The answer's subject is the epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AssignDevice {
    pub device: DeviceId,
    pub collector: NodeId,
}

impl AssignDevice {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        let described = site.plant.as_ref().is_some_and(|plant| plant.signals().any(|(_, signal)| signal.device == self.device));
        if !described {
            return Err(senseless("unknown_device", format_args!("no signal of this site is measured by device {}", self.device)));
        }
        let former = site.collectors.get(&self.device).map_or(0, |assigned| assigned.epoch);
        // Before devices were assigned, their scans carried the epoch of the partition's owner.
        let epoch = former.max(site.epoch) + 1;
        let fact = DeviceAssigned { device: self.device.clone(), epoch, collector: self.collector.clone() };
        Ok(Decision::one(StreamId::device(&self.device), fact).about(epoch))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};

    #[test]
    fn each_assignment_has_a_higher_epoch_even_for_the_same_collector() {
        let scene = scene().given_plant();
        let first = scene.collector_epoch();
        let scene = scene.when(plant::assign_device("node-a")).happens().then_facts(["DeviceAssigned"]);
        let second = scene.collector_epoch();
        let third = scene.when(plant::assign_device("node-b")).happens().collector_epoch();
        assert!(first < second && second < third, "{first} {second} {third}");
    }

    #[test]
    fn a_device_that_nothing_is_measured_by_is_assigned_to_nobody() {
        scene().when(plant::assign_device("node-a")).is_refused("unknown_device");
    }
}
