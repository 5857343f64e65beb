//! AdoptRoster: who is told what, and how, as a whole.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    envelope::StreamId,
    roster::{Roster, RosterAdopted},
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AdoptRoster {
    pub roster: Roster,
}

impl AdoptRoster {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        if site.roster == self.roster {
            return Ok(Decision::AlreadySo);
        }
        let roster = self.roster.clone().checked().map_err(|refused| senseless("bad_roster", refused))?;
        Ok(Decision::one(StreamId::site(), RosterAdopted { roster }))
    }
}

#[cfg(test)]
mod tests {
    use super::AdoptRoster;
    use crate::testing::{plant, scene};
    use millwright_domain::roster::Roster;

    #[test]
    fn a_message_goes_to_everybody_behind_its_name_and_ends_its_action_once() {
        let roster: Roster = serde_json::from_str(
            r#"{"groups": {"backup_tech": ["carl", "dora"]}, "people": {"carl": {"by": ["telegram"]}, "dora": {"by": ["email"]}}}"#,
        )
        .unwrap();
        let adopt = || plant::ask("svc-settings", AdoptRoster { roster: roster.clone() });
        let scene = scene().given_case().when(adopt()).then_facts(["RosterAdopted"]).when(adopt()).is_already_so();
        let scene = scene.when(plant::propose("send_alert_to_backup_tech")).happens();
        let action = scene.action();
        let scene = scene.when(plant::start(action)).then_facts(["ActionStarted", "EffectWanted", "EffectWanted"]);
        let targets: Vec<String> = scene.wanted().into_iter().map(|wanted| wanted.target).collect();
        assert_eq!(targets, ["telegram:carl", "email:dora"]);
        assert_eq!(scene.wanted().iter().filter(|wanted| wanted.action.is_some()).count(), 1);
    }

    #[test]
    fn a_roster_that_tells_nobody_is_refused() {
        let roster: Roster = serde_json::from_str(r#"{"alerts": {"to": "nobody"}}"#).unwrap();
        scene().given_plant().when(plant::ask("svc-settings", AdoptRoster { roster })).is_refused("bad_roster");
    }
}
