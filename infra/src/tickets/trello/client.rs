//! Requests to Trello's REST API. Key and token go in the header, never in the address, which would be logged on its way.

use super::{
    TrelloSettings,
    shapes::{Card, Commented, Found, Id, Label, List, Member},
};
use crate::{
    inbound::trello::Action,
    outward::{Outward, Reply, Request},
    secret::SecretSource,
    tickets::{
        settings::{self, BadTickets},
        ways,
    },
};
use chrono::{DateTime, Utc};
use millwright_domain::ports::messenger::NotTaken;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// The most that Trello lists at once.
const MOST: usize = 1_000;
const MOST_PAGES: usize = 10;
/// A thousand cards whose descriptions are all as long as they may be.
const LARGEST_ANSWER: usize = 64 << 20;
const CARD: &str = "idShort,desc,shortUrl,idList,labels";
/// What the webhook's reader makes news of.
const NEWS: &str = "commentCard,updateCard:closed,updateCard:idList";

pub struct Client {
    outward: Outward,
    api: String,
    key: String,
    list: String,
    pub token: SecretSource,
    board: OnceCell<String>,
}

impl Client {
    pub fn new(settings: &TrelloSettings, outward: Outward) -> Result<Self, BadTickets> {
        let is_id = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric());
        let lists = [
            ("trello.list", &settings.list, false),
            ("trello.repaired_list", &settings.repaired_list, true),
            ("trello.false_alarm_list", &settings.false_alarm_list, true),
        ];
        for (key, list, may_be_empty) in lists {
            let is_left_out = may_be_empty && list.is_empty();
            if !is_left_out && !is_id(list) {
                return Err(settings::bad(key, list, "it is the 24 digits and letters that Trello names the list by"));
            }
        }
        if !is_id(&settings.key) {
            return Err(BadTickets::NotShown { key: "trello.key", wanted: "it is the API key of the Power-Up, 32 digits and letters" });
        }
        Ok(Self {
            outward,
            api: settings::address("trello.api", &settings.api)?,
            key: settings.key.clone(),
            list: settings.list.clone(),
            token: settings::secret("trello.token", &settings.token)?,
            board: OnceCell::new(),
        })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/1/{path}", self.api)
    }

    async fn ask(&self, request: Request) -> Result<Reply, NotTaken> {
        let token = ways::active(&self.token)?;
        let credentials = format!("OAuth oauth_consumer_key=\"{}\", oauth_token=\"{}\"", self.key, token.expose());
        let request = request.hide(token.expose()).secret_header("authorization", &credentials).header("accept", "application/json");
        ways::taken(&self.outward, request.at_most(LARGEST_ANSWER)).await
    }

    /// The board that the list is on.
    async fn board(&self) -> Result<&str, NotTaken> {
        let ask = async || {
            let List { board } = ways::json(&self.ask(Request::get(&self.url("lists")).part(&self.list).query("fields", "idBoard")).await?)?;
            Ok(board)
        };
        self.board.get_or_try_init(ask).await.map(String::as_str)
    }

    pub async fn username(&self) -> Result<String, NotTaken> {
        let Member { username } = ways::json(&self.ask(Request::get(&self.url("members/me")).query("fields", "username")).await?)?;
        Ok(username)
    }

    /// The newest of the board, archived or not, and whether these are all.
    pub async fn cards(&self) -> Result<(Vec<Card>, bool), NotTaken> {
        let url = self.url(&format!("boards/{}/cards/all", self.board().await?));
        let cards: Vec<Card> = ways::json(&self.ask(Request::get(&url).query("fields", CARD).query("limit", &MOST.to_string())).await?)?;
        let are_all = cards.len() < MOST;
        Ok((cards, are_all))
    }

    pub async fn search(&self, text: &str) -> Result<Vec<Card>, NotTaken> {
        let request = Request::get(&self.url("search")).query("query", &format!("\"{text}\"")).query("modelTypes", "cards");
        let request = request.query("idBoards", self.board().await?).query("card_fields", CARD).query("cards_limit", "10");
        let Found { cards } = ways::json(&self.ask(request).await?)?;
        Ok(cards)
    }

    pub async fn card(&self, id: &str) -> Result<Card, NotTaken> {
        ways::json(&self.ask(Request::get(&self.url("cards")).part(id).query("fields", CARD)).await?)
    }
    pub async fn create(&self, card: &Value) -> Result<Card, NotTaken> {
        ways::json(&self.ask(Request::post(&self.url("cards")).json(card)).await?)
    }
    pub async fn change(&self, id: &str, change: &Value) -> Result<(), NotTaken> {
        self.ask(Request::put(&self.url("cards")).part(id).json(change)).await.map(drop)
    }

    pub async fn labels(&self) -> Result<Vec<Label>, NotTaken> {
        let url = self.url(&format!("boards/{}/labels", self.board().await?));
        ways::json(&self.ask(Request::get(&url).query("fields", "name").query("limit", &MOST.to_string())).await?)
    }
    pub async fn make_label(&self, name: &str, color: Option<&str>) -> Result<String, NotTaken> {
        let label = json!({"name": name, "color": color, "idBoard": self.board().await?});
        let Id { id } = ways::json(&self.ask(Request::post(&self.url("labels")).json(&label)).await?)?;
        Ok(id)
    }

    /// The newest thousand comments of a card.
    pub async fn comments(&self, card: &str) -> Result<Vec<String>, NotTaken> {
        let request = Request::get(&self.url("cards")).part(card).part("actions").query("filter", "commentCard").query("limit", &MOST.to_string());
        let comments: Vec<Commented> = ways::json(&self.ask(request).await?)?;
        Ok(comments.into_iter().map(|comment| comment.data.text).collect())
    }
    pub async fn comment(&self, card: &str, text: &str) -> Result<(), NotTaken> {
        let request = Request::post(&self.url("cards")).part(card).part("actions").part("comments").json(&json!({"text": text}));
        self.ask(request).await.map(drop)
    }

    /// What was done on the board since then, newest first, and what time it was at Trello. Without a time, only what time it is.
    pub async fn actions(&self, since: Option<&str>) -> Result<(Vec<Action>, DateTime<Utc>), NotTaken> {
        let url = self.url(&format!("boards/{}/actions", self.board().await?));
        let limit = if since.is_some() { MOST } else { 1 };
        let first = Request::get(&url).query("filter", NEWS).query("limit", &limit.to_string()).query("memberCreator_fields", "username");
        let first = since.iter().fold(first, |request, since| request.query("since", since));
        let reply = self.ask(first.clone()).await?;
        let (asked_at, mut all) = (reply.time(), ways::json::<Vec<Action>>(&reply)?);
        for page in 1..MOST_PAGES {
            let Some(oldest) = all.last().filter(|_| since.is_some() && all.len() == page * MOST).map(|action| action.id.clone()) else { break };
            all.append(&mut ways::json(&self.ask(first.clone().query("before", &oldest)).await?)?);
        }
        Ok((all, asked_at))
    }
}
