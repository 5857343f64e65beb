//! Trello's REST API, as tickets and boards of tasks ask it. Key and token go in the header, never in the address, which would be logged on
//! its way.

pub mod shapes;

use crate::{
    outward::{Outward, Reply, Request},
    secret::SecretSource,
    tickets::ways,
};
use chrono::{DateTime, Utc};
use millwright_domain::ports::messenger::NotTaken;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shapes::{Action, Card, Commented, Found, Id, Member, Named, OnBoard};

/// The most that Trello lists at once.
const MOST: usize = 1_000;
const MOST_PAGES: usize = 10;
/// A thousand cards whose descriptions are all as long as they may be.
const LARGEST_ANSWER: usize = 64 << 20;
const CARD: &str = "idShort,name,desc,shortUrl,due,idList,labels,closed";

/// Stands in paths, so it must be nothing but an id.
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric())
}

pub struct Trello {
    pub outward: Outward,
    pub api: String,
    /// Of the Power-Up, which is no secret.
    pub key: String,
    pub token: SecretSource,
}

impl Trello {
    fn url(&self, path: &str) -> String {
        format!("{}/1/{path}", self.api)
    }
    fn get(&self, path: &str) -> Request {
        Request::get(&self.url(path))
    }
    fn of_board(&self, board: &str, what: &str) -> Request {
        self.get("boards").part(board).part(what)
    }

    async fn ask(&self, request: Request) -> Result<Reply, NotTaken> {
        let token = ways::active(&self.token)?;
        let credentials = format!("OAuth oauth_consumer_key=\"{}\", oauth_token=\"{}\"", self.key, token.expose());
        let request = request.hide(token.expose()).secret_header("authorization", &credentials).header("accept", "application/json");
        ways::taken(&self.outward, request.at_most(LARGEST_ANSWER)).await
    }
    async fn read<T: DeserializeOwned>(&self, request: Request) -> Result<T, NotTaken> {
        ways::json(&self.ask(request).await?)
    }

    fn me(&self) -> Request {
        self.get("members/me").query("fields", "username")
    }
    /// Whose the token is.
    pub async fn username(&self) -> Result<String, NotTaken> {
        let Member { username } = self.read(self.me()).await?;
        Ok(username)
    }
    /// What time it is at Trello.
    pub async fn time(&self) -> Result<DateTime<Utc>, NotTaken> {
        Ok(self.ask(self.me()).await?.time())
    }

    /// The board that a list is on.
    pub async fn board_of(&self, list: &str) -> Result<String, NotTaken> {
        let OnBoard { board } = self.read(self.get("lists").part(list).query("fields", "idBoard")).await?;
        Ok(board)
    }
    pub async fn lists(&self, board: &str) -> Result<Vec<Named>, NotTaken> {
        self.read(self.of_board(board, "lists").query("filter", "open").query("fields", "name")).await
    }
    pub async fn make_list(&self, board: &str, name: &str) -> Result<String, NotTaken> {
        let Id { id } = self.read(Request::post(&self.url("lists")).json(&json!({"name": name, "idBoard": board, "pos": "bottom"}))).await?;
        Ok(id)
    }

    /// The newest of the board, archived or not, and whether these are all.
    pub async fn cards(&self, board: &str) -> Result<(Vec<Card>, bool), NotTaken> {
        let request = self.of_board(board, "cards").part("all").query("fields", CARD).query("limit", &MOST.to_string());
        let cards: Vec<Card> = self.read(request).await?;
        let are_all = cards.len() < MOST;
        Ok((cards, are_all))
    }
    pub async fn search(&self, board: &str, text: &str) -> Result<Vec<Card>, NotTaken> {
        let request = self.get("search").query("query", &format!("\"{text}\"")).query("modelTypes", "cards");
        let request = request.query("idBoards", board).query("card_fields", CARD).query("cards_limit", "10");
        let Found { cards } = self.read(request).await?;
        Ok(cards)
    }
    pub async fn card(&self, id: &str) -> Result<Card, NotTaken> {
        self.read(self.get("cards").part(id).query("fields", CARD)).await
    }
    pub async fn create(&self, card: &Value) -> Result<Card, NotTaken> {
        self.read(Request::post(&self.url("cards")).json(card)).await
    }
    pub async fn change(&self, id: &str, change: &Value) -> Result<(), NotTaken> {
        self.ask(Request::put(&self.url("cards")).part(id).json(change)).await.map(drop)
    }

    pub async fn labels(&self, board: &str) -> Result<Vec<Named>, NotTaken> {
        self.read(self.of_board(board, "labels").query("fields", "name").query("limit", &MOST.to_string())).await
    }
    pub async fn make_label(&self, board: &str, name: &str, color: Option<&str>) -> Result<String, NotTaken> {
        let Id { id } = self.read(Request::post(&self.url("labels")).json(&json!({"name": name, "color": color, "idBoard": board}))).await?;
        Ok(id)
    }

    /// The newest thousand comments of a card.
    pub async fn comments(&self, card: &str) -> Result<Vec<String>, NotTaken> {
        let request = self.get("cards").part(card).part("actions").query("filter", "commentCard").query("limit", &MOST.to_string());
        let comments: Vec<Commented> = self.read(request).await?;
        Ok(comments.into_iter().map(|comment| comment.data.text).collect())
    }
    pub async fn comment(&self, card: &str, text: &str) -> Result<(), NotTaken> {
        let request = Request::post(&self.url("cards")).part(card).part("actions").part("comments").json(&json!({"text": text}));
        self.ask(request).await.map(drop)
    }

    /// What was done on the board since then (a time, or an action's id), newest first, and what time it was at Trello. Without one, all of it.
    pub async fn actions(&self, board: &str, kinds: &str, since: Option<&str>) -> Result<(Vec<Action>, DateTime<Utc>), NotTaken> {
        let first =
            self.of_board(board, "actions").query("filter", kinds).query("limit", &MOST.to_string()).query("memberCreator_fields", "username");
        let first = since.iter().fold(first, |request, since| request.query("since", since));
        let reply = self.ask(first.clone()).await?;
        let (asked_at, mut all) = (reply.time(), ways::json::<Vec<Action>>(&reply)?);
        for page in 1..MOST_PAGES {
            let Some(oldest) = all.last().filter(|_| all.len() == page * MOST).map(|action| action.id.clone()) else { break };
            all.append(&mut self.read(first.clone().query("before", &oldest)).await?);
        }
        Ok((all, asked_at))
    }
}
