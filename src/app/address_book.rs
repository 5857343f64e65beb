//! The address book: contacts as the projections know them, opened with the vault.

use async_trait::async_trait;
use millwright_domain::{
    Timestamp,
    access::{Access, Deed, Place},
    ids::{ActorId, AssetId, SiteId},
    message::Channel,
    ports::{
        address_book::{AddressBook, AddressBookError, Contact},
        vault::Vault,
    },
};
use millwright_projections::{
    Projections,
    contacts::{self, ContactRow},
    principals,
};
use std::sync::Arc;

pub struct SealedBook {
    pub projections: Projections,
    pub vault: Arc<dyn Vault>,
    /// Where people sign in, what comes from a phone or a ticket counts only for those whose roles let them answer.
    pub roles_count: bool,
}

fn unreadable(cause: impl std::error::Error + Send + Sync + 'static) -> AddressBookError {
    AddressBookError(Box::new(cause))
}

impl SealedBook {
    async fn heard_at(&self, row: &ContactRow) -> Result<Option<Timestamp>, AddressBookError> {
        contacts::heard_at(&self.projections.ledger(), &row.person, &row.way).await.map_err(unreadable)
    }
}

impl SealedBook {
    async fn access_of(&self, person: &ActorId) -> Result<Access, AddressBookError> {
        let row = principals::find(&self.projections.ledger(), person).await.map_err(unreadable)?;
        Ok(Access { who: person.clone(), grants: row.map(|row| row.grants).unwrap_or_default(), at_most: None })
    }

    fn area_of(&self, site: &SiteId, asset: &AssetId) -> Option<String> {
        let plants = self.projections.plants();
        let plant = plants.iter().filter_map(|row| row.plant.as_ref()).find(|plant| plant.site == *site)?;
        plant.asset(asset).map(|asset| asset.area.clone())
    }
}

/// A role for one area of it does not do.
fn answers_for_all_of(access: &Access, site: &SiteId) -> bool {
    access.may(Deed::Answer, Place { site: Some(site), area: None }).is_ok()
}

/// `None` for a site: at any; for an area: in any of that site.
fn answers(access: &Access, site: Option<&SiteId>, area: Option<&str>) -> bool {
    access.grants.iter().any(|grant| {
        let at_site = site.is_none_or(|site| grant.site.as_ref().is_none_or(|granted| granted == site));
        let in_area = area.is_none_or(|area| grant.area.as_deref().is_none_or(|granted| granted == area));
        grant.role >= Deed::Answer.needs() && at_site && in_area
    })
}

#[async_trait]
impl AddressBook for SealedBook {
    /// `None` where no address is known, or the person was forgotten.
    async fn contact(&self, person: &ActorId, channel: Channel) -> Result<Option<Contact>, AddressBookError> {
        let row = contacts::find(&self.projections.ledger(), person, channel.as_str()).await.map_err(unreadable)?;
        let Some(row) = row else { return Ok(None) };
        let Some(sealed) = &row.address else { return Ok(None) };
        let Some(address) = self.vault.open(sealed).map_err(unreadable)? else { return Ok(None) };
        Ok(Some(Contact { heard_at: self.heard_at(&row).await?, person: row.person, address, proved: row.proved }))
    }

    /// A plant's people are few: each address is opened and compared.
    async fn whose(&self, way: &str, address: &str) -> Result<Option<Contact>, AddressBookError> {
        let rows = contacts::known_by(&self.projections.ledger(), way).await.map_err(unreadable)?;
        let Some((row, address)) = owner(rows, &*self.vault, address) else { return Ok(None) };
        // Where it is about will be known later; who may answer nowhere is nobody here.
        if self.roles_count && !answers(&self.access_of(&row.person).await?, None, None) {
            tracing::warn!(person = %row.person, way, "{} has no role to answer with, so what came by {way} counts for nothing", row.person);
            return Ok(None);
        }
        Ok(Some(Contact { heard_at: self.heard_at(&row).await?, person: row.person, address, proved: row.proved }))
    }

    async fn holder(&self, way: &str, address: &str) -> Result<Option<ActorId>, AddressBookError> {
        let rows = contacts::known_by(&self.projections.ledger(), way).await.map_err(unreadable)?;
        Ok(owner(rows, &*self.vault, address).map(|(row, _)| row.person))
    }

    async fn may_answer_for(&self, person: &ActorId, site: &SiteId) -> Result<bool, AddressBookError> {
        Ok(!self.roles_count || answers_for_all_of(&self.access_of(person).await?, site))
    }

    async fn may_answer(&self, person: &ActorId, site: &SiteId, asset: Option<&AssetId>) -> Result<bool, AddressBookError> {
        if !self.roles_count {
            return Ok(true);
        }
        let access = self.access_of(person).await?;
        Ok(match asset {
            // An asset that is described no more is in no area: that takes a role for the whole site.
            Some(asset) => access.may(Deed::Answer, Place { site: Some(site), area: self.area_of(site, asset).as_deref() }).is_ok(),
            None => answers(&access, Some(site), None),
        })
    }
}

/// Whose it is by now: a number may be handed on, so whoever proved it last; of those who were only written down, the latest.
fn owner(rows: Vec<ContactRow>, vault: &dyn Vault, address: &str) -> Option<(ContactRow, String)> {
    let opened = rows.into_iter().filter_map(|row| {
        let known = vault.open(row.address.as_ref()?).unwrap_or_else(|cause| {
            // One that is broken keeps nobody else from being known.
            tracing::warn!(person = %row.person, way = row.way, %cause, "an address of {} cannot be opened; have her enrol again", row.person);
            None
        });
        known.filter(|known| known.eq_ignore_ascii_case(address)).map(|known| (row, known))
    });
    opened.max_by_key(|(row, _)| (row.proved, row.proved_at, row.changed_at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::{
        access::{Grant, Role},
        ports::vault::VaultError,
        sealed::Sealed,
    };

    /// Texts stand there as they are; one that says `broken` does not open.
    struct Plain;
    impl Vault for Plain {
        fn seal(&self, subject: &ActorId, text: &str) -> Result<Sealed, VaultError> {
            Ok(Sealed { subject: subject.clone(), nonce: String::new(), text: text.into() })
        }
        fn open(&self, sealed: &Sealed) -> Result<Option<String>, VaultError> {
            if sealed.text == "broken" { Err(VaultError::Broken(sealed.subject.clone())) } else { Ok(Some(sealed.text.clone())) }
        }
        fn forget(&self, _: &ActorId) -> Result<(), VaultError> {
            Ok(())
        }
    }

    fn row(person: &str, address: &str, proved_at: Option<i64>, changed_at: i64) -> ContactRow {
        let person: ActorId = person.parse().unwrap();
        let address = Plain.seal(&person, address).ok();
        let (proved_at, changed_at) = (proved_at.map(Timestamp::from_secs), Timestamp::from_secs(changed_at));
        ContactRow { person, way: "whatsapp".into(), address, proved: proved_at.is_some(), proved_at, offer: None, changed_at }
    }
    fn whose(rows: Vec<ContactRow>) -> Option<String> {
        owner(rows, &Plain, "+491").map(|(row, _)| row.person.to_string())
    }

    #[test]
    fn who_may_answer_is_asked_for_the_very_place() {
        let grant = |site: Option<&str>, area: Option<&str>| Grant {
            role: Role::Operator,
            site: site.map(|site| site.parse().unwrap()),
            area: area.map(str::to_string),
        };
        let (north, south): (SiteId, SiteId) = ("north".parse().unwrap(), "south".parse().unwrap());
        let with = |grants: Vec<Grant>| Access { who: "ann".parse().unwrap(), grants, at_most: None };
        let pumps = with(vec![grant(Some("north"), Some("pumps"))]);
        assert!(answers(&pumps, None, None) && answers(&pumps, Some(&north), None) && answers(&pumps, Some(&north), Some("pumps")));
        assert!(!answers(&pumps, Some(&south), None) && !answers(&pumps, Some(&north), Some("ovens")));
        assert!(answers(&with(vec![grant(None, None)]), Some(&south), Some("ovens")));
        assert!(!answers(&with(vec![Grant { role: Role::Viewer, site: None, area: None }]), None, None));
    }

    #[test]
    fn who_answers_for_a_whole_site_needs_a_role_for_all_of_it() {
        let (north, site): (SiteId, Option<SiteId>) = ("north".parse().unwrap(), "north".parse().ok());
        let answers_with = |grants: Vec<Grant>| answers_for_all_of(&Access { who: "ann".parse().unwrap(), grants, at_most: None }, &north);
        let grant = |role, site: &Option<SiteId>, area: Option<&str>| Grant { role, site: site.clone(), area: area.map(str::to_string) };
        assert!(!answers_with(vec![]), "people without roles");
        assert!(
            !answers_with(vec![grant(Role::Operator, &site, Some("pumps")), grant(Role::Engineer, &site, Some("ovens"))]),
            "areas add up to no site"
        );
        assert!(!answers_with(vec![grant(Role::Operator, &"south".parse().ok(), None)]) && !answers_with(vec![grant(Role::Viewer, &site, None)]));
        assert!(answers_with(vec![grant(Role::Operator, &site, None)]) && answers_with(vec![grant(Role::Admin, &None, None)]));
    }

    #[test]
    fn a_number_that_was_handed_on_is_whose_who_proved_it_last() {
        // Ann asked for another code since, and has not used it.
        let handed_on = vec![row("ann", "+491", Some(1), 30), row("bob", "+491", Some(20), 20), row("cleo", "+492", Some(40), 40)];
        assert_eq!(whose(handed_on).as_deref(), Some("bob"));
        assert_eq!(whose(vec![row("ann", "+491", Some(1), 1), row("bob", "+491", None, 20)]).as_deref(), Some("ann"), "written down proves nothing");
        assert_eq!(whose(vec![row("ann", "+491", None, 1), row("bob", "+491", None, 20)]).as_deref(), Some("bob"));
    }

    #[test]
    fn one_that_cannot_be_opened_keeps_nobody_else_from_being_known() {
        assert_eq!(whose(vec![row("ann", "broken", Some(30), 30), row("bob", "+491", Some(20), 20)]).as_deref(), Some("bob"));
        assert_eq!(whose(vec![row("ann", "broken", Some(30), 30)]), None);
    }
}
