//! Who asks, and whether she may: from what a request shows to an [`Access`], and from there to yes or no.

mod door;
mod elsewhere;
mod pass;
mod throttle;

pub(crate) use door::bearer;
pub use door::{Door, DoorSettings, SignInRefused, Sought};

use crate::{errors::not_allowed, state::AppState};
use millwright_commands::{Ask, Command, DOOR, RecordAccessRefused};
use millwright_domain::{
    access::{Deed, NotAllowed, Place},
    ids::{AssetId, SignalId, SiteId},
    position::PartitionId,
};
use std::sync::Arc;

/// How this program knows who asks.
#[derive(Clone)]
pub enum Admission {
    /// Only this machine reaches it, and whoever does is the one local operator.
    Local,
    /// People sign in, programs show tokens.
    SignIn(Arc<Door>),
}

impl AppState {
    /// # Errors
    /// With the role that is missing; the refusal is a fact.
    pub(crate) async fn allow(&self, deed: Deed, place: Place<'_>, asked: &str) -> async_graphql::Result<()> {
        match self.caller.may(deed, place) {
            Ok(()) => Ok(()),
            Err(refused) => {
                self.record_refusal(&refused, asked).await;
                Err(not_allowed(refused))
            }
        }
    }

    /// Whether the caller may ask this command of that partition.
    pub(crate) async fn allow_command(&self, partition: &PartitionId, command: &Command, about: Option<&AssetId>) -> async_graphql::Result<()> {
        let site = partition.as_site();
        let named = self.asset_named(site.as_ref(), command);
        let area = self.area_of(site.as_ref(), about.or(named.as_ref()));
        // What has no deed is asked by parts of Millwright, which do not come this way.
        let deed = command.deed(&self.caller.who).unwrap_or(Deed::Administer);
        // One's own affairs are for oneself, not for whoever holds a token.
        if deed == Deed::Look && self.caller.at_most.is_none() {
            return Ok(());
        }
        let deed = if deed == Deed::Look { Deed::Administer } else { deed };
        self.allow(deed, Place { site: site.as_ref(), area: area.as_deref() }, command.name()).await
    }

    async fn record_refusal(&self, refused: &NotAllowed, asked: &str) {
        let Admission::SignIn(door) = &self.admission else { return };
        if !door.is_worth_a_fact(&refused.who, asked, self.clock.now().wall) {
            return;
        }
        let record = RecordAccessRefused { who: refused.who.clone(), deed: refused.deed, site: refused.site.clone(), asked: asked.to_string() };
        let Ok(by) = DOOR.parse() else { return };
        if let Err(error) = self.commands.ask(&PartitionId::platform(), Ask::new(by, record)).await {
            tracing::warn!(%error, who = %refused.who, asked, "a refused access could not be recorded");
        }
    }

    fn asset_named(&self, site: Option<&SiteId>, command: &Command) -> Option<AssetId> {
        match command {
            Command::SetThreshold(set) => self.asset_of_signal(site?, &set.signal),
            other => other.names_asset().cloned(),
        }
    }

    fn asset_of_signal(&self, site: &SiteId, signal: &SignalId) -> Option<AssetId> {
        let plants = self.projections.plants();
        let plant = plants.iter().filter_map(|row| row.plant.as_ref()).find(|plant| plant.site == *site)?;
        plant.signal(signal).map(|(asset, _)| asset.id.clone())
    }

    fn area_of(&self, site: Option<&SiteId>, asset: Option<&AssetId>) -> Option<String> {
        let (site, asset) = (site?, asset?);
        let plants = self.projections.plants();
        let plant = plants.iter().filter_map(|row| row.plant.as_ref()).find(|plant| plant.site == *site)?;
        plant.asset(asset).map(|asset| asset.area.clone())
    }
}
