//! The DevTools protocol, as much of it as one look needs: a call and its answer over the browser's WebSocket.

use super::broken;
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::{SinkExt, StreamExt};
use millwright_domain::ports::page_view::NotSeen;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

pub(super) struct DevTools {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    calls: u64,
    tab: Option<String>,
}

impl DevTools {
    pub async fn connect(address: &str) -> Result<Self, NotSeen> {
        let (socket, _) = connect_async(address).await.map_err(broken)?;
        Ok(Self { socket, calls: 0, tab: None })
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
        self.socket.send(Message::text(asked.to_string())).await.map_err(broken)?;
        while let Some(message) = self.socket.next().await {
            let Message::Text(text) = message.map_err(broken)? else { continue };
            let mut answer: Value = serde_json::from_str(text.as_str()).map_err(broken)?;
            if answer["id"] != json!(self.calls) {
                continue;
            }
            return match answer.pointer("/error/message") {
                Some(why) => Err(NotSeen::Broken(format!("{method}: {why}"))),
                None => Ok(answer["result"].take()),
            };
        }
        Err(broken("it hung up"))
    }

    /// A picture of what the tab shows, as PNG.
    pub async fn picture(&mut self) -> Result<Vec<u8>, NotSeen> {
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png" })).await?;
        STANDARD.decode(answer["data"].as_str().unwrap_or_default()).map_err(broken)
    }
}
