//! LockOutAsset and ReturnAssetToService: somebody works on the machine, so nothing may be written to it (lock-out/tag-out).

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    envelope::StreamId,
    ids::AssetId,
    sealed::Sealed,
    site::{AssetLockedOut, AssetReturnedToService, Site},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockOutAsset {
    pub asset: AssetId,
    /// What stands on the tag: who holds the key, and why.
    pub tag: Sealed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnAssetToService {
    pub asset: AssetId,
}

impl LockOutAsset {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        if site.plant.as_ref().is_none_or(|plant| plant.asset(&self.asset).is_none()) {
            return Err(senseless("unknown_asset", format_args!("no asset {} is described for this site", self.asset)));
        }
        if site.locked_out.contains_key(&self.asset) {
            return Ok(Decision::AlreadySo);
        }
        let fact = AssetLockedOut { asset: self.asset.clone(), by: circumstances.by.clone(), tag: self.tag.clone() };
        Ok(Decision::one(StreamId::site(), fact))
    }
}

impl ReturnAssetToService {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        if !site.locked_out.contains_key(&self.asset) {
            return Ok(Decision::AlreadySo);
        }
        if circumstances.by.is_service() {
            return Err(senseless("not_a_person", "only a person may take a lock off"));
        }
        Ok(Decision::one(StreamId::site(), AssetReturnedToService { asset: self.asset.clone(), by: circumstances.by.clone() }))
    }
}
