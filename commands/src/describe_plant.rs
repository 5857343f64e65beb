//! DescribePlant: the site's description, as a whole. Nothing happens if it is what is known already.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    envelope::StreamId,
    plant::Plant,
    site::{PlantDescribed, Site},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DescribePlant {
    pub plant: Plant,
}

impl DescribePlant {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        if site.plant.as_ref() == Some(&self.plant) {
            return Ok(Decision::AlreadySo);
        }
        let known = site.plant.as_ref();
        if known.is_some_and(|known| known.source != self.plant.source) {
            // A recording poured into a live site would pass for its machines, or let a live site act on a recording.
            return Err(senseless("another_source", "a site stays live, imported or replayed for ever; choose another site id"));
        }
        let plant = self.plant.clone().checked().map_err(|refused| senseless("bad_plant", refused))?;
        Ok(Decision::one(StreamId::site(), PlantDescribed { plant }))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};

    #[test]
    fn the_same_description_again_is_already_so() {
        scene().when(plant::describe()).happens().then_facts(["PlantDescribed"]).when(plant::describe()).is_already_so();
    }

    #[test]
    fn an_imported_site_never_becomes_live() {
        scene().when(plant::describe_imported()).happens().when(plant::describe()).is_refused("another_source");
    }
}
