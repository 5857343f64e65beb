//! The DevTools protocol, as much of it as one look needs: a call and its answer over two pipes, each message ended by a zero byte.
//!
//! By pipes and not by a port: the browser ends when the other end of them is closed, so it outlives nobody, however we end.

use super::broken;
use base64::{Engine, engine::general_purpose::STANDARD};
use millwright_domain::ports::page_view::NotSeen;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{ChildStdin, ChildStdout},
};

/// What is said of a browser that is no more.
pub(super) const HUNG_UP: &str = "it hung up";

pub(super) struct DevTools {
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    calls: u64,
    tab: Option<String>,
}

impl DevTools {
    pub fn over(asks: ChildStdin, answers: ChildStdout) -> Self {
        Self { asks, answers: BufReader::new(answers), calls: 0, tab: None }
    }

    /// What is called from now on is called in a tab of its own.
    pub async fn open_tab(&mut self) -> Result<(), NotSeen> {
        let made = self.call("Target.createTarget", json!({ "url": "about:blank" })).await?;
        let attached = self.call("Target.attachToTarget", json!({ "targetId": made["targetId"], "flatten": true })).await?;
        self.tab = attached["sessionId"].as_str().map(str::to_string);
        if self.tab.is_some() { Ok(()) } else { Err(broken("it opened no tab")) }
    }

    /// Events in between are nobody's business.
    pub async fn call(&mut self, method: &str, parameters: Value) -> Result<Value, NotSeen> {
        self.calls += 1;
        let mut asked = json!({ "id": self.calls, "method": method, "params": parameters });
        if let Some(tab) = &self.tab {
            asked["sessionId"] = json!(tab);
        }
        let asked = format!("{asked}\0");
        self.asks.write_all(asked.as_bytes()).await.map_err(|_| broken(HUNG_UP))?;
        loop {
            let mut answer = self.message().await?;
            if answer["id"] != json!(self.calls) {
                continue;
            }
            return match answer.pointer("/error/message") {
                Some(why) => Err(NotSeen::Broken(format!("{method}: {why}"))),
                None => Ok(answer["result"].take()),
            };
        }
    }

    async fn message(&mut self) -> Result<Value, NotSeen> {
        let mut bytes = vec![];
        self.answers.read_until(0, &mut bytes).await.map_err(broken)?;
        if bytes.pop() != Some(0) {
            return Err(broken(HUNG_UP));
        }
        serde_json::from_slice(&bytes).map_err(broken)
    }

    /// A picture of what the tab shows, as PNG.
    pub async fn picture(&mut self) -> Result<Vec<u8>, NotSeen> {
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png" })).await?;
        STANDARD.decode(answer["data"].as_str().unwrap_or_default()).map_err(broken)
    }
}
