//! AdoptAuditKey, SignCheckpoint: who signs for a partition, and what was signed. A checkpoint never goes back behind the one before it.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    audit::{AuditKeyAdopted, CheckpointSigned},
    envelope::StreamId,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AdoptAuditKey {
    pub adopted: AuditKeyAdopted,
}

impl AdoptAuditKey {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        by_the_auditor(circumstances)?;
        if site.audit.keys.contains(&self.adopted.key) {
            return Ok(Decision::AlreadySo);
        }
        if self.adopted.endorsement.as_ref().is_some_and(|endorsement| !endorsement.holds_for(&self.adopted.key)) {
            return Err(senseless("not_endorsed", "the endorsement does not hold; make the key anew with `millwright audit key rotate`"));
        }
        Ok(Decision::one(StreamId::partition(), self.adopted.clone()))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignCheckpoint {
    pub checkpoint: CheckpointSigned,
}

impl SignCheckpoint {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        by_the_auditor(circumstances)?;
        let checkpoint = &self.checkpoint;
        if !site.audit.keys.contains(&checkpoint.key) {
            return Err(senseless("unknown_key", "no such key was adopted here; adopt it first"));
        }
        match &site.audit.last {
            Some(last) if last.tree_size == checkpoint.tree_size && last.root == checkpoint.root => Ok(Decision::AlreadySo),
            Some(last) if last.tree_size >= checkpoint.tree_size || checkpoint.previous.as_ref() != Some(&last.root) => {
                let reason = format!("the last checkpoint is over {} records; sign one that continues it", last.tree_size);
                Err(senseless("not_a_continuation", reason))
            }
            None if checkpoint.previous.is_some() => Err(senseless("not_a_continuation", "there is no checkpoint here yet")),
            _ => Ok(Decision::one(StreamId::partition(), checkpoint.clone())),
        }
    }
}

fn by_the_auditor(circumstances: Circumstances<'_>) -> Result<(), Refused> {
    if circumstances.by.is_service() { Ok(()) } else { Err(senseless("not_a_service", "the program itself signs checkpoints")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Asking, plant::ask, scene};
    use millwright_domain::audit::PublicKey;

    fn key() -> PublicKey {
        "GlzZBxQ8OExB6DDFvOEqqIF+xWSaqr8sMTiLNbLXRNY=".parse().unwrap()
    }
    fn checkpoint(by: &str, tree_size: u64, root: &str, previous: Option<&str>) -> Asking {
        let previous = previous.map(str::to_string);
        let checkpoint = CheckpointSigned { tree_size, root: root.into(), head: String::new(), previous, key: key(), note: String::new() };
        ask(by, SignCheckpoint { checkpoint })
    }
    fn adopt() -> Asking {
        ask("svc-auditor", AdoptAuditKey { adopted: AuditKeyAdopted { key: key(), endorsement: None } })
    }

    #[test]
    fn a_checkpoint_continues_the_last_one_or_is_refused() {
        let mine = |size, root, previous| checkpoint("svc-auditor", size, root, previous);
        let scene = scene().when(adopt()).happens().when(mine(8, "aa", Some("cc"))).is_refused("not_a_continuation");
        let scene = scene.when(mine(8, "aa", None)).happens().when(mine(8, "aa", None)).is_already_so();
        for (size, root, previous) in [(8, "bb", Some("aa")), (7, "bb", Some("aa")), (9, "bb", Some("cc")), (9, "bb", None)] {
            scene.clone().when(mine(size, root, previous)).is_refused("not_a_continuation");
        }
        scene.when(mine(9, "bb", Some("aa"))).happens().then_facts(["CheckpointSigned"]);
    }

    #[test]
    fn nobody_but_the_program_signs_and_with_no_key_that_was_not_adopted() {
        scene().when(checkpoint("svc-auditor", 8, "aa", None)).is_refused("unknown_key");
        scene().when(adopt()).happens().when(checkpoint("olga", 8, "aa", None)).is_refused("not_a_service");
    }
}
