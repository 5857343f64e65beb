//! RecordManual and RecordManualRemoved: what the crew can cite from now on, and what no more. Told by whoever keeps the shelf.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    envelope::StreamId,
    ids::ActorId,
    manual::{LONGEST_TITLE, ManualImported, ManualRemoved},
    plain,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const LONGEST_NAME: usize = 80;
const MOST_CLASSES: usize = 50;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordManual {
    pub manual: ManualImported,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordManualRemoved {
    pub name: String,
    pub by: Option<ActorId>,
}

impl RecordManual {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        let ManualImported { name, title, classes, vendor, .. } = &self.manual;
        let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_plain) || classes.len() > MOST_CLASSES {
            return Err(senseless("bad_manual", format_args!("a manual has a name of a-z, 0-9 and '-', and at most {MOST_CLASSES} classes")));
        }
        let manual = ManualImported {
            title: plain::cleaned(title, LONGEST_TITLE),
            vendor: plain::cleaned(vendor, LONGEST_TITLE),
            classes: classes.iter().map(|class| plain::line(class)).collect(),
            ..self.manual.clone()
        };
        let known = site.manuals.0.get(name);
        if known.is_some_and(|known| ManualImported { by: manual.by.clone(), ..known.clone() } == manual) {
            return Ok(Decision::AlreadySo);
        }
        Ok(Decision::one(StreamId::manual(name), manual))
    }
}

impl RecordManualRemoved {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        let Some(known) = site.manuals.0.get(&self.name) else { return Ok(Decision::AlreadySo) };
        let removed = ManualRemoved { name: self.name.clone(), revision: known.revision.clone(), by: self.by.clone() };
        Ok(Decision::one(StreamId::manual(&self.name), removed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::{
        ids::CommandId,
        time::{Now, Timestamp},
    };

    fn manual(revision: &str) -> RecordManual {
        let by = Some("ann".parse().unwrap());
        let (name, title) = ("pump".into(), "Pump\u{202e}book".into());
        RecordManual { manual: ManualImported { name, title, revision: revision.into(), pages: 3, classes: vec![], vendor: String::new(), by } }
    }

    #[test]
    fn a_manual_is_recorded_once_and_anew_when_its_text_changes() {
        let by = "svc-librarian".parse().unwrap();
        let circumstances = Circumstances { command: CommandId(Default::default()), by: &by, now: Now::both(Timestamp::from_secs(1)), observed: &[] };
        let mut site = Site::default();
        let mut tell = |recorded: Result<Decision, Refused>| match recorded.unwrap() {
            Decision::Facts { facts, .. } => {
                facts.iter().for_each(|(stream, event)| site.evolve(stream, circumstances.now.plant, event));
                (site.clone(), facts[0].1.kind().to_string())
            }
            Decision::AlreadySo => (site.clone(), "AlreadySo".into()),
        };
        let (site, kind) = tell(manual("aa").decide(&Site::default(), circumstances));
        assert_eq!((kind.as_str(), site.manuals.0["pump"].title.as_str()), ("ManualImported", "Pumpbook"));
        assert_eq!(tell(manual("aa").decide(&site, circumstances)).1, "AlreadySo");
        let (site, kind) = tell(manual("bb").decide(&site, circumstances));
        assert_eq!((kind.as_str(), site.manuals.0["pump"].revision.as_str()), ("ManualImported", "bb"));
        let removed = RecordManualRemoved { name: "pump".into(), by: None };
        let (site, kind) = tell(removed.decide(&site, circumstances));
        assert_eq!((kind.as_str(), site.manuals.0.len()), ("ManualRemoved", 0));
        assert_eq!(tell(removed.decide(&site, circumstances)).1, "AlreadySo");
    }
}
