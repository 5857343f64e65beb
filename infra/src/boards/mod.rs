//! Boards outside that show a site's tasks, one board a site: settings, and the messenger for `boards/<site>:<task>`.

pub mod hook;
mod reading;
pub mod trello;

use crate::{
    outward::Outward,
    secret::SecretSource,
    tickets::settings::{self, BadTickets},
    trello::is_id,
};
use async_trait::async_trait;
use hook::BoardHook;
use millwright_domain::{
    board::{BOARDS, CardWork},
    effect::EffectWanted,
    ids::SiteId,
    ports::{
        messenger::{Messenger, NotTaken},
        task_board::TaskBoard,
    },
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use thiserror::Error;
use trello::TrelloBoard;

/// So many cards of one board are worked on at once. One card's work is done in order.
const AT_ONCE: usize = 4;

/// A board of Trello.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BoardSettings {
    /// The board's id.
    pub board: String,
    /// The API key of the Power-Up, which is no secret.
    pub key: String,
    /// Where the token is kept: `env:NAME`, or a file.
    pub token: String,
    /// The user name that the token is of; empty asks Trello.
    pub account: String,
    /// In whose name moves count that are made by an account of nobody here; empty for nobody's: such moves are put back.
    pub person: String,
    /// What a card of a person needs that has no label `needs-…`.
    pub needs: String,
    /// Where the Power-Up's OAuth secret is kept that webhooks are signed with; empty for none: then it is only asked.
    pub app_secret: String,
    /// The address that Trello calls, exactly as it was given to Trello: `https://…/webhooks/board-<site>`.
    pub callback_url: String,
    /// How often it is asked what people did there.
    pub ask_every_s: u32,
    pub api: String,
}

impl Default for BoardSettings {
    fn default() -> Self {
        let nothing = String::new;
        let (board, key, token, account, person) = (nothing(), nothing(), nothing(), nothing(), nothing());
        let (app_secret, callback_url, needs) = (nothing(), nothing(), "any_work".into());
        Self { board, key, token, account, person, needs, app_secret, callback_url, ask_every_s: 10, api: "https://api.trello.com".into() }
    }
}

#[derive(Debug, Error)]
pub enum BadBoard {
    #[error("boards.{site}.{key} is {found:?}; {wanted}")]
    Setting { site: String, key: &'static str, found: String, wanted: &'static str },
    #[error("the settings under boards.{site}")]
    Shared {
        site: String,
        #[source]
        cause: BadTickets,
    },
}

impl BoardSettings {
    /// # Errors
    /// With the key that cannot be meant.
    pub fn board(&self, site: &str, outward: Outward) -> Result<TrelloBoard, BadBoard> {
        let bad = |key, found: &str, wanted| BadBoard::Setting { site: site.into(), key, found: found.chars().take(100).collect(), wanted };
        if !is_id(&self.board) {
            return Err(bad("board", &self.board, "it is the digits and letters that stand in the board's address, or its id"));
        }
        if !is_id(&self.key) {
            return Err(bad("key", "", "it is the API key of the Power-Up, 32 digits and letters"));
        }
        if !(5..=3_600).contains(&self.ask_every_s) {
            return Err(bad("ask_every_s", &self.ask_every_s.to_string(), "give 5 to 3600 seconds"));
        }
        let shared = |cause| BadBoard::Shared { site: site.into(), cause };
        let api = settings::address("trello.api", &self.api).map_err(shared)?;
        Ok(TrelloBoard::new(self, api, self.secret().map_err(shared)?, outward))
    }

    /// Who hears that something happened there; nobody where no secret is set.
    ///
    /// # Errors
    /// If the secret's setting says no place, or the address cannot be meant.
    pub fn hook(&self, site: &str) -> Result<Option<BoardHook>, BadBoard> {
        if self.app_secret.is_empty() {
            return Ok(None);
        }
        if !self.callback_url.starts_with("https://") {
            let (found, wanted) = (self.callback_url.chars().take(100).collect(), "it must be the https address that Trello calls");
            return Err(BadBoard::Setting { site: site.into(), key: "callback_url", found, wanted });
        }
        let secret = settings::secret("trello.app_secret", &self.app_secret).map_err(|cause| BadBoard::Shared { site: site.into(), cause })?;
        Ok(Some(BoardHook { secret, callback_url: self.callback_url.clone() }))
    }

    /// # Errors
    /// If it says no place.
    pub fn secret(&self) -> Result<SecretSource, BadTickets> {
        settings::secret("trello.token", &self.token)
    }
}

/// All boards there are, by their sites.
#[derive(Clone, Default)]
pub struct Boards {
    boards: BTreeMap<SiteId, Arc<dyn TaskBoard>>,
}

impl Boards {
    pub fn add(&mut self, site: SiteId, board: Arc<dyn TaskBoard>) {
        self.boards.insert(site, board);
    }
    pub fn of(&self, site: &SiteId) -> Option<&Arc<dyn TaskBoard>> {
        self.boards.get(site)
    }
    /// The names that effects reach them by.
    pub fn adapters(&self) -> impl Iterator<Item = String> {
        self.boards.keys().map(|site| format!("{BOARDS}{site}"))
    }
}

#[async_trait]
impl Messenger for Boards {
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken> {
        let site = effect.target.strip_prefix(BOARDS).and_then(|rest| rest.split(':').next()).unwrap_or_default();
        let board = site.parse().ok().and_then(|site: SiteId| self.boards.get(&site));
        let board = board.ok_or_else(|| NotTaken::ForGood(format!("{site:?} has no board here any more; look at [boards] in the settings")))?;
        let work: CardWork = serde_json::from_str(&effect.body).map_err(|cause| NotTaken::ForGood(format!("it is no work on a card: {cause}")))?;
        board.show(&effect.idempotency_key, &work).await
    }
    /// A card that is as it should be stays as it is.
    fn knows_keys(&self, _effect: &EffectWanted) -> bool {
        true
    }
    fn at_once(&self, _adapter: &str) -> usize {
        AT_ONCE
    }
}
