//! Requests to Trello's REST API about one board. Key and token go in the header, never in the address, which would be logged on its way.

use super::shapes::{Card, Commented, Done, Label, List, Made, Member};
use crate::{
    outward::{Outward, Reply, Request},
    secret::SecretSource,
    tickets::ways,
};
use chrono::{DateTime, Utc};
use millwright_domain::ports::messenger::NotTaken;
use serde_json::{Value, json};

/// The most that Trello lists at once.
const MOST: usize = 1_000;
const MOST_PAGES: usize = 10;
/// A thousand cards whose descriptions are all as long as they may be.
const LARGEST_ANSWER: usize = 64 << 20;
const CARD: &str = "idShort,name,desc,due,idList,labels,closed";
const NEWS: &str = "createCard,updateCard:closed,updateCard:idList";

pub(super) struct Client {
    pub outward: Outward,
    pub api: String,
    pub key: String,
    pub board: String,
    pub token: SecretSource,
}

impl Client {
    fn url(&self, path: &str) -> String {
        format!("{}/1/{path}", self.api)
    }
    fn of_board(&self, what: &str) -> Request {
        Request::get(&self.url(&format!("boards/{}/{what}", self.board)))
    }

    async fn ask(&self, request: Request) -> Result<Reply, NotTaken> {
        let token = ways::active(&self.token)?;
        let credentials = format!("OAuth oauth_consumer_key=\"{}\", oauth_token=\"{}\"", self.key, token.expose());
        let request = request.hide(token.expose()).secret_header("authorization", &credentials).header("accept", "application/json");
        ways::taken(&self.outward, request.at_most(LARGEST_ANSWER)).await
    }

    pub async fn username(&self) -> Result<String, NotTaken> {
        let Member { username } = ways::json(&self.ask(Request::get(&self.url("members/me")).query("fields", "username")).await?)?;
        Ok(username)
    }

    pub async fn lists(&self) -> Result<Vec<List>, NotTaken> {
        ways::json(&self.ask(self.of_board("lists").query("filter", "open").query("fields", "name")).await?)
    }
    pub async fn make_list(&self, name: &str) -> Result<String, NotTaken> {
        let list = json!({"name": name, "idBoard": self.board, "pos": "bottom"});
        let Made { id } = ways::json(&self.ask(Request::post(&self.url("lists")).json(&list)).await?)?;
        Ok(id)
    }

    /// The newest of the board, archived or not.
    pub async fn cards(&self) -> Result<Vec<Card>, NotTaken> {
        ways::json(&self.ask(self.of_board("cards/all").query("fields", CARD).query("limit", &MOST.to_string())).await?)
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
        ways::json(&self.ask(self.of_board("labels").query("fields", "name").query("limit", &MOST.to_string())).await?)
    }
    pub async fn make_label(&self, name: &str) -> Result<String, NotTaken> {
        let label = json!({"name": name, "color": null, "idBoard": self.board});
        let Made { id } = ways::json(&self.ask(Request::post(&self.url("labels")).json(&label)).await?)?;
        Ok(id)
    }

    pub async fn comments(&self, card: &str) -> Result<Vec<String>, NotTaken> {
        let request = Request::get(&self.url("cards")).part(card).part("actions").query("filter", "commentCard").query("limit", &MOST.to_string());
        let comments: Vec<Commented> = ways::json(&self.ask(request).await?)?;
        Ok(comments.into_iter().map(|comment| comment.data.text).collect())
    }
    pub async fn comment(&self, card: &str, text: &str) -> Result<(), NotTaken> {
        let request = Request::post(&self.url("cards")).part(card).part("actions").part("comments").json(&json!({"text": text}));
        self.ask(request).await.map(drop)
    }

    /// What was done on the board since then (a time, or an action's id), newest first, and what time it was at Trello. Without one, all of it.
    pub async fn actions(&self, since: Option<&str>) -> Result<(Vec<Done>, DateTime<Utc>), NotTaken> {
        let first = self.of_board("actions").query("filter", NEWS).query("limit", &MOST.to_string()).query("memberCreator_fields", "username");
        let first = since.iter().fold(first, |request, since| request.query("since", since));
        let reply = self.ask(first.clone()).await?;
        let (asked_at, mut all) = (reply.time(), ways::json::<Vec<Done>>(&reply)?);
        for page in 1..MOST_PAGES {
            let Some(oldest) = all.last().filter(|_| all.len() == page * MOST).map(|done| done.id.clone()) else { break };
            all.append(&mut ways::json(&self.ask(first.clone().query("before", &oldest)).await?)?);
        }
        Ok((all, asked_at))
    }
}
