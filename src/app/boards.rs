//! The boards outside, one a site: who makes cards, and whose a deed there is. The same person and the same rules as at the page.

use crate::settings::Settings;
use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_agents::boarding::CardReader;
use millwright_commands::ReceiveCard;
use millwright_domain::{
    board::CardDeed,
    ids::{ActorId, Capability, CommandId, SiteId, TaskId, derived},
    ports::{
        address_book::AddressBook,
        clock::Clock,
        inbound::Inbound,
        task_board::{CardChange, OutsideCard, TaskBoard},
        vault::Vault,
    },
    priority::Priority,
    task::{Origin, TaskSpec},
};
use millwright_infra::{
    boards::{
        Boards,
        hook::{BoardHook, DoorWithBoards},
    },
    outward::Outward,
};
use std::{collections::BTreeMap, error::Error, sync::Arc};
use tokio::sync::Notify;

/// The way by which accounts of Trello are known here, as for tickets.
const WAY: &str = "trello";
/// A label of a person's card that says what it takes: `needs-write_code`.
const NEEDS: &str = "needs-";
const PRIORITY: &str = "priority-";
const AUTONOMOUS: &str = "autonomous";

/// A site's board with all that its workers need.
#[derive(Clone)]
pub struct SiteBoard {
    pub board: Arc<dyn TaskBoard>,
    pub reader: Arc<dyn CardReader>,
    pub every: TimeDelta,
    /// Rung when the board says that something happened there.
    pub bell: Arc<Notify>,
}

/// All boards, for the switchboard and for each site.
#[derive(Clone, Default)]
pub struct AllBoards {
    pub messenger: Boards,
    sites: BTreeMap<SiteId, SiteBoard>,
    hooks: BTreeMap<SiteId, BoardHook>,
}

/// What reading a deed takes.
#[derive(Clone)]
pub struct Known {
    pub book: Arc<dyn AddressBook>,
    pub vault: Arc<dyn Vault>,
    pub clock: Arc<dyn Clock>,
}

impl AllBoards {
    pub fn of(settings: &Settings, outward: &Outward, known: &Known) -> Result<Self> {
        let mut all = Self::default();
        for (name, configured) in &settings.boards {
            let site: SiteId = name.parse().with_context(|| format!("boards.{name}: the key is a site's name"))?;
            let board: Arc<dyn TaskBoard> = Arc::new(configured.board(name, outward.clone())?);
            let person = match configured.person.as_str() {
                "" => None,
                named => {
                    let person: ActorId = named.parse().with_context(|| format!("the setting `boards.{name}.person`"))?;
                    ensure!(!person.is_service(), "the setting `boards.{name}.person` names a program; name a person, or nobody");
                    Some(person)
                }
            };
            let needs = configured.needs.parse().with_context(|| format!("the setting `boards.{name}.needs`"))?;
            let reader = Arc::new(Reader { site: site.clone(), known: known.clone(), person, needs });
            let every = TimeDelta::seconds(configured.ask_every_s.into());
            all.hooks.extend(configured.hook(name)?.map(|hook| (site.clone(), hook)));
            all.messenger.add(site.clone(), board.clone());
            all.sites.insert(site, SiteBoard { board, reader, every, bell: Arc::default() });
        }
        Ok(all)
    }

    pub fn site(&self, site: &SiteId) -> Option<SiteBoard> {
        self.sites.get(site).cloned()
    }
    /// The same door, where boards can knock as well.
    pub fn door(&self, inner: Option<Arc<dyn Inbound>>) -> Option<Arc<dyn Inbound>> {
        if self.hooks.is_empty() {
            return inner;
        }
        Some(Arc::new(DoorWithBoards { inner, hooks: self.hooks.clone() }))
    }
    /// By the names of their sites, for whoever hears from a board.
    pub fn bells(&self) -> BTreeMap<SiteId, Arc<Notify>> {
        self.sites.iter().map(|(site, board)| (site.clone(), board.bell.clone())).collect()
    }
}

/// A card of a person is the same task however often it is read.
fn task_of_card(card: &str) -> TaskId {
    TaskId(derived(card, "card", 0))
}

struct Reader {
    site: SiteId,
    known: Known,
    /// In whose name it counts what accounts do that are nobody's here.
    person: Option<ActorId>,
    needs: Capability,
}

impl Reader {
    /// The person, and whether the account is hers by enrolment and not by the settings alone.
    async fn whose(&self, account: &str) -> Result<Option<(ActorId, bool)>, Box<dyn Error + Send + Sync>> {
        // Whoever is known acts in her own name or in nobody's, whatever has become of her roles.
        let enrolled = self.known.book.holder(WAY, account).await?;
        let is_enrolled = enrolled.is_some();
        let Some(person) = enrolled.or_else(|| self.person.clone()) else { return Ok(None) };
        // As at the page: tasks are the whole site's.
        let may = self.known.book.may_answer_for(&person, &self.site).await?;
        if !may {
            tracing::warn!(%person, "{person} has no role to answer with there: what she did on the board is nobody's");
        }
        Ok(may.then_some((person, is_enrolled)))
    }

    fn spec(&self, title: &str, words: &str, labels: &[String], by: &ActorId) -> Result<TaskSpec, Box<dyn Error + Send + Sync>> {
        let named = |begins: &str| labels.iter().find_map(|label| label.strip_prefix(begins));
        let needs = named(NEEDS).and_then(|name| name.parse().ok()).unwrap_or_else(|| self.needs.clone());
        let priority = named(PRIORITY).and_then(|word| serde_json::from_str(&format!("{word:?}")).ok()).unwrap_or(Priority::Medium);
        let says_something = |label: &&String| label.as_str() == AUTONOMOUS || label.starts_with(NEEDS) || label.starts_with(PRIORITY);
        let words = Some(words.trim()).filter(|words| !words.is_empty());
        Ok(TaskSpec {
            title: title.to_string(),
            details: words.map(|words| self.known.vault.seal(by, words)).transpose()?,
            needs,
            case: None,
            priority,
            deadline: None,
            estimated_tokens: 0,
            autonomous: labels.iter().any(|label| label == AUTONOMOUS),
            labels: labels.iter().filter(|label| !says_something(label)).take(10).cloned().collect(),
            depends_on: vec![],
            origin: Origin::Board,
            checks: vec![],
        })
    }
}

#[async_trait]
impl CardReader for Reader {
    async fn read(&self, deed: &OutsideCard) -> Result<Option<(CommandId, ReceiveCard)>, Box<dyn Error + Send + Sync>> {
        let (by, is_enrolled) = self.whose(&deed.account).await?.map_or((None, false), |(person, is_enrolled)| (Some(person), is_enrolled));
        let (task, done) = match (&deed.deed, deed.task) {
            // Moved before it had its mark: if it is a task, then the one of that card.
            (CardChange::Moved { to, result }, task) => {
                (task.unwrap_or_else(|| task_of_card(&deed.card)), CardDeed::Moved { to: *to, result: *result })
            }
            (CardChange::Made { title, words, labels, due }, _) => {
                let Some(by) = &by else {
                    tracing::info!(card = deed.card, "a card of an account that is nobody's here is no task");
                    return Ok(None);
                };
                let deadline = due.filter(|due| *due > self.known.clock.now().wall);
                let spec = self.spec(title, words, labels, by)?;
                // What may be done without a person having asked for it is hers to say who is known here.
                let spec = TaskSpec { deadline, autonomous: spec.autonomous && is_enrolled, ..spec };
                (task_of_card(&deed.card), CardDeed::Made { spec: Box::new(spec) })
            }
        };
        let id = CommandId(derived(&deed.delivery, "card", 0));
        Ok(Some((id, ReceiveCard { task, card: deed.card.clone(), delivery: deed.delivery.clone(), by, deed: done })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::{
        Now, Timestamp,
        ids::AssetId,
        message::Channel,
        ports::{
            address_book::{AddressBookError, Contact},
            vault::VaultError,
        },
        sealed::Sealed,
    };
    use millwright_infra::clock::ManualClock;

    /// Ann and Bob are known by accounts of their names; Ann and Cleo may answer.
    struct Book;

    #[async_trait]
    impl AddressBook for Book {
        async fn contact(&self, _: &ActorId, _: Channel) -> Result<Option<Contact>, AddressBookError> {
            Ok(None)
        }
        async fn whose(&self, _: &str, _: &str) -> Result<Option<Contact>, AddressBookError> {
            Ok(None)
        }
        async fn holder(&self, way: &str, account: &str) -> Result<Option<ActorId>, AddressBookError> {
            Ok(["ann", "bob"].contains(&account).then(|| account.parse().unwrap()).filter(|_| way == WAY))
        }
        async fn may_answer_for(&self, person: &ActorId, _: &SiteId) -> Result<bool, AddressBookError> {
            Ok(["ann", "cleo"].contains(&person.as_str()))
        }
        async fn may_answer(&self, _: &ActorId, _: &SiteId, _: Option<&AssetId>) -> Result<bool, AddressBookError> {
            panic!("a task is the whole site's")
        }
    }

    struct Plain;
    impl Vault for Plain {
        fn seal(&self, subject: &ActorId, text: &str) -> Result<Sealed, VaultError> {
            Ok(Sealed { subject: subject.clone(), nonce: String::new(), text: text.into() })
        }
        fn open(&self, sealed: &Sealed) -> Result<Option<String>, VaultError> {
            Ok(Some(sealed.text.clone()))
        }
        fn forget(&self, _: &ActorId) -> Result<(), VaultError> {
            Ok(())
        }
    }

    /// In whose name a card of the account is a task, and whether the task may be taken without being asked for.
    async fn task_by(account: &str, of_settings: Option<&str>) -> Option<(String, bool)> {
        let clock = Arc::new(ManualClock::at(Now::both(Timestamp::from_secs(1_790_000_000))));
        let known = Known { book: Arc::new(Book), vault: Arc::new(Plain), clock };
        let person = of_settings.map(|person| person.parse().unwrap());
        let reader = Reader { site: "demo".parse().unwrap(), known, person, needs: "write_code".parse().unwrap() };
        let labels = vec![AUTONOMOUS.to_string()];
        let made = CardChange::Made { title: "Look at the pump".into(), words: String::new(), labels, due: None };
        let card = OutsideCard { delivery: "d-1".into(), card: "c-1".into(), account: account.into(), task: None, deed: made };
        let (_, received) = reader.read(&card).await.unwrap()?;
        let CardDeed::Made { spec } = received.deed else { panic!("a card was made") };
        Some((received.by.unwrap().to_string(), spec.autonomous))
    }

    #[tokio::test]
    async fn a_card_is_a_task_only_of_who_may_answer_for_the_site_and_nobody_acts_in_anothers_name() {
        assert_eq!(task_by("ann", None).await, Some(("ann".into(), true)));
        assert_eq!(task_by("ann", Some("cleo")).await, Some(("ann".into(), true)), "in her own name");
        assert_eq!(task_by("bob", None).await, None, "without a role");
        assert_eq!(task_by("bob", Some("cleo")).await, None, "who is known and has no role borrows nobody's");
        assert_eq!(task_by("a stranger", None).await, None);
        assert_eq!(
            task_by("a stranger", Some("cleo")).await,
            Some(("cleo".into(), false)),
            "hers by the settings alone, so a person has to queue it"
        );
        assert_eq!(task_by("a stranger", Some("bob")).await, None, "whom the settings name needs a role, too");
    }
}
