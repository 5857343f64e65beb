//! An alert of another monitoring system joins the same road: it opens a case, or joins the one that is open.

use super::{NotTakenIn, ask, door};
use crate::state::AppState;
use millwright_commands::{ClearAlarm, RaiseAlert};
use millwright_domain::{
    case::{AlertRaised, Severity},
    envelope::Answer,
    ids::{AssetId, CommandId, SiteId, derived},
    ports::inbound::OutsideAlert,
    position::PartitionId,
};

/// Names of detectors are short; those from outside begin with this.
const OUTSIDE: &str = "ext_";
const LONGEST_NAME: usize = 32;
/// Of the fingerprint; names of detectors have no digits.
const LETTERS: usize = 6;

pub(super) async fn take_in(state: &AppState, alert: OutsideAlert) -> Result<(), NotTakenIn> {
    let (site, asset) = machine(state, &alert)?;
    let detector = detector(&alert);
    let partition = PartitionId::site(&site);
    let id = CommandId(derived(&alert.delivery, &alert.system, 0));
    let answer = if alert.firing {
        let severity = alert.severity.unwrap_or(Severity::Medium);
        let says = Some(alert.summary.clone()).filter(|says| !says.is_empty());
        let raised = AlertRaised { says, ..AlertRaised::new(asset, detector, severity) };
        ask(state, &partition, door(), id, RaiseAlert { alert: raised }).await?.answer
    } else {
        ask(state, &partition, door(), id, ClearAlarm { asset, detector }).await?.answer
    };
    match answer {
        Answer::Refused { reason, .. } => Err(NotTakenIn::CannotBeMeant(reason)),
        Answer::Done { .. } | Answer::AlreadySo => Ok(()),
    }
}

/// By the labels `asset` and, where there are several sites, `site`.
fn machine(state: &AppState, alert: &OutsideAlert) -> Result<(SiteId, AssetId), NotTakenIn> {
    let cannot = |why: String| NotTakenIn::CannotBeMeant(why);
    let named = alert.labels.get("asset").ok_or_else(|| cannot("the alert has no label `asset`; add one with the machine's id".into()))?;
    let asset: AssetId = named.parse().map_err(|why| cannot(format!("label `asset`: {why}")))?;
    let plants = state.projections.plants();
    let wanted = alert.labels.get("site");
    let has_it = |site: &SiteId| wanted.is_none_or(|wanted| wanted == site.as_str());
    let mut sites = plants.iter().filter_map(|row| row.plant.as_ref()).filter(|plant| has_it(&plant.site) && plant.asset(&asset).is_some());
    match (sites.next(), sites.next()) {
        (Some(plant), None) => Ok((plant.site.clone(), asset)),
        (Some(_), Some(_)) => Err(cannot(format!("several sites have a machine {asset}; add the label `site`"))),
        (None, _) => Err(cannot(format!("no site here has a machine {asset}; look at the labels `asset` and `site`"))),
    }
}

/// `HighTemperature` is `ext_hightemperature_` and six letters of its fingerprint: one alarm of a machine for each alert that ends by itself.
fn detector(alert: &OutsideAlert) -> String {
    let name = alert.labels.get("alertname").map_or(alert.system.as_str(), String::as_str);
    let plain = name.chars().map(|c| if c.is_ascii_alphabetic() { c.to_ascii_lowercase() } else { '_' });
    let name: String = OUTSIDE.chars().chain(plain).take(LONGEST_NAME - LETTERS - 1).collect();
    let mut rest = derived(&alert.fingerprint, &alert.system, 0).as_u128();
    let letters = std::iter::repeat_with(|| {
        let letter = char::from(b'a' + u8::try_from(rest % 26).unwrap_or(0));
        rest /= 26;
        letter
    });
    format!("{name}_{}", letters.take(LETTERS).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::Timestamp;

    #[test]
    fn an_alarm_from_outside_has_a_short_name_of_its_own() {
        let alert = |name: &str, fingerprint: &str| OutsideAlert {
            delivery: String::new(),
            system: "alertmanager".into(),
            fingerprint: fingerprint.into(),
            firing: true,
            labels: [("alertname".to_string(), name.to_string())].into(),
            summary: String::new(),
            severity: None,
            starts_at: Timestamp::from_secs(0),
        };
        let name = detector(&alert("HighTemp2", "a"));
        assert!(name.starts_with("ext_hightemp__") && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        assert_eq!(detector(&alert("HighTemp2", "a")), name, "it rises and ends under one name");
        assert_ne!(detector(&alert("HighTemp2", "b")), name);
        assert_eq!(detector(&alert(&"x".repeat(100), "a")).len(), LONGEST_NAME);
    }
}
