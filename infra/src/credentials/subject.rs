//! Whom identity providers know, by the pseudonyms that they have here. Of issuer and subject only a hash is kept; who is forgotten gets a new
//! pseudonym should she come back.

use super::{digest, drawer::Drawer};
use millwright_domain::{
    ids::ActorId,
    ports::{credentials::CredentialsError, identity_provider::Subject},
};
use rand::RngCore;
use serde::{Deserialize, Serialize};

const TRAVEL_KEY: &str = "travel-key";

#[derive(Debug, Serialize, Deserialize)]
struct SubjectPaper {
    who: ActorId,
}

pub fn person_of(subjects: &Drawer, subject: &Subject) -> Result<Option<ActorId>, CredentialsError> {
    Ok(subjects.get::<SubjectPaper>(&name(subject))?.map(|paper| paper.who))
}

pub fn pseudonym_for(subjects: &Drawer, subject: &Subject) -> Result<ActorId, CredentialsError> {
    if let Some(known) = person_of(subjects, subject)? {
        return Ok(known);
    }
    let name = name(subject);
    let made_up = format!("person-{:016x}", rand::rng().next_u64());
    let who = made_up.parse().map_err(|cause| super::drawer::failed(&subjects.place(&name), cause))?;
    Ok(subjects.put_first(&name, SubjectPaper { who })?.who)
}

pub fn forget(subjects: &Drawer, who: &ActorId) -> Result<(), CredentialsError> {
    subjects.keep_only(|kept: &SubjectPaper| kept.who != *who)
}

pub fn travel_key(drawer: &Drawer) -> Result<[u8; 32], CredentialsError> {
    if let Some(key) = drawer.get(TRAVEL_KEY)? {
        return Ok(key);
    }
    let mut made = [0; 32];
    rand::rng().fill_bytes(&mut made);
    drawer.put_first(TRAVEL_KEY, made)
}

/// No issuer has a line break in it, so no two subjects have the same name.
fn name(Subject { issuer, subject }: &Subject) -> String {
    digest(&format!("{issuer}\n{subject}"))
}

#[cfg(test)]
mod tests {
    use crate::credentials::CredentialFolder;
    use millwright_domain::ports::{credentials::Credentials, identity_provider::Subject};
    use std::fs;

    fn olga(issuer: &str) -> Subject {
        Subject { issuer: issuer.into(), subject: "olga@plant.example".into() }
    }

    #[test]
    fn somebody_keeps_her_pseudonym_until_she_is_forgotten_and_another_issuers_is_somebody_else() {
        let dir = tempfile::tempdir().unwrap();
        let folder = CredentialFolder::open(dir.path()).unwrap();
        assert_eq!(folder.person_of(&olga("https://a.example")).unwrap(), None);
        let first = folder.pseudonym_for(&olga("https://a.example")).unwrap();
        assert!(!first.is_service() && first.as_str().starts_with("person-"));
        let again = CredentialFolder::open(dir.path()).unwrap();
        assert_eq!(again.pseudonym_for(&olga("https://a.example")).unwrap(), first);
        assert_ne!(again.pseudonym_for(&olga("https://b.example")).unwrap(), first);
        again.forget(&first).unwrap();
        assert_eq!(folder.person_of(&olga("https://a.example")).unwrap(), None);
        assert_ne!(folder.pseudonym_for(&olga("https://a.example")).unwrap(), first);
        let papers = fs::read_dir(dir.path().join("subjects")).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
        assert!(papers.into_iter().all(|paper| !paper.contains("olga") && !paper.contains("example")), "no paper says who somebody is");
    }

    #[test]
    fn two_who_make_up_a_pseudonym_at_once_get_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let folder = CredentialFolder::open(dir.path()).unwrap();
        let made = std::thread::scope(|scope| {
            let asked: Vec<_> = (0..8).map(|_| scope.spawn(|| folder.pseudonym_for(&olga("https://a.example")).unwrap())).collect();
            asked.into_iter().map(|asked| asked.join().unwrap()).collect::<std::collections::BTreeSet<_>>()
        });
        assert_eq!(made.len(), 1, "{made:?}");
        assert_eq!(folder.travel_key().unwrap(), folder.travel_key().unwrap());
        assert_eq!(fs::read_dir(dir.path().join("subjects")).unwrap().count(), 1, "no draft is left");
    }
}
