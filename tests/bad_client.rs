//! One client that does everything wrong beside one that looks at the page: it is refused by code, memory stays, and the other is answered as before.

use crate::{
    access::{Visitor, house},
    program::Program,
};
use futures::{SinkExt, StreamExt, future::join_all};
use reqwest::Client;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest},
};

/// What the first screen asks.
const DASHBOARD: &str =
    "{ plants { site name areas { name lines { name assets { id health { state openCases } signals { id latest { at value } } } } } }
    cases(status: OPEN, first: 50) { nodes { id stage diagnosis { cause } } } pendingApprovals { id what } health { ok } }";
const QUESTIONS_ALONE: usize = 100;
/// Bodies of which a byte comes now and then. Each is given 15 seconds.
const SLOW: usize = 40;
/// Generous: they share this machine's processors, and all of this is a debug build.
const SLOWER_AT_MOST: f64 = 40.0;
const MORE_MEMORY_MB: u64 = 300;

type Counted = BTreeMap<String, u64>;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_everything_wrong_is_refused_and_the_one_beside_it_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (program, good) = house(folder.path()).await;
    let bad = Arc::new(Bad::let_in(&program, &good).await);
    let mut alone = vec![];
    while alone.len() < QUESTIONS_ALONE {
        alone.push(answered(&good).await);
    }
    let before = program.peak_mb();

    let stop = Arc::new(AtomicBool::new(false));
    let floods: Vec<_> = WRONG.iter().map(|wrong| tokio::spawn(bad.clone().flood(wrong, stop.clone()))).collect();
    let listening = tokio::spawn(bad.clone().listen());
    let slow = join_all((0..SLOW).map(|_| bad.slow_body()));
    tokio::pin!(slow);
    let mut beside = vec![];
    let slow = loop {
        tokio::select! {
            slow = &mut slow => break slow,
            took = answered(&good) => beside.push(took),
        }
    };
    stop.store(true, Ordering::Relaxed);
    for (flood, Wrong { code, .. }) in floods.into_iter().zip(WRONG) {
        let counted = flood.await.unwrap();
        assert!(counted.len() == 1 && counted[*code] > 0, "{code} was to be all: {counted:?}");
    }
    let (subscriptions, sockets) = listening.await.unwrap();
    assert_eq!(subscriptions, [200, 800], "those that stand, and those that are refused");
    assert_eq!(sockets, [63, 37], "those that stand beside the one that is open, and those that are refused");
    assert!(slow.iter().all(|answer| answer.contains("408") && answer.contains("TOO_SLOW")), "{slow:?}");

    let (alone, beside) = (median(alone), median(beside));
    let more = program.peak_mb() - before;
    println!("answered in {alone:.1} ms alone and {beside:.1} ms beside it; {more} MB more at most");
    assert!(beside < alone * SLOWER_AT_MOST, "{beside:.1} ms beside it, {alone:.1} ms alone");
    assert!(more < MORE_MEMORY_MB, "{more} MB more");
    assert!(program.terminate());
}

async fn answered(good: &Visitor) -> f64 {
    let begun = Instant::now();
    good.ask(DASHBOARD).await.unwrap();
    begun.elapsed().as_secs_f64() * 1e3
}

fn median(mut took: Vec<f64>) -> f64 {
    took.sort_by(f64::total_cmp);
    took[took.len() / 2]
}

/// Something that is asked again and again, and the code that it gets.
struct Wrong {
    code: &'static str,
    body: fn() -> String,
    forged: bool,
}

const WRONG: &[Wrong] = &[
    // A hundred fields within fields.
    Wrong {
        code: "TOO_MANY",
        body: || asking(&(0..50).fold("id".to_string(), |inner, _| format!("case {{ actions {{ {inner} }} }}"))),
        forged: false,
    },
    Wrong { code: "TOO_MANY", body: || asking(&(0..5_000).map(|name| format!("a{name}: id ")).collect::<String>()), forged: false },
    Wrong { code: "TOO_LARGE", body: || asking(&format!("id #{}", "x".repeat(4 << 20))), forged: false },
    Wrong { code: "NOT_SIGNED_IN", body: || asking("id"), forged: true },
];

fn asking(fields: &str) -> String {
    json!({ "query": format!("{{ pendingApprovals {{ {fields} }} }}") }).to_string()
}

struct Bad {
    http: Client,
    /// `127.0.0.1:port`
    at: String,
    token: String,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Bad {
    /// A program with a token of its own, that may look.
    async fn let_in(program: &Program, admin: &Visitor) -> Self {
        admin.ask("mutation { setGrants(principal: \"agent-noisy\", roles: [{ role: VIEWER }]) { kind } }").await.unwrap();
        let until = (chrono::Utc::now() + chrono::TimeDelta::days(1)).to_rfc3339();
        let issue =
            format!("mutation {{ issueToken(holder: \"agent-noisy\", label: \"noise\", atMost: VIEWER, expiresAt: \"{until}\") {{ token }} }}");
        let token = admin.ask(&issue).await.unwrap()["issueToken"]["token"].as_str().unwrap().to_string();
        assert!(Visitor::with_token(program, &token).ask(DASHBOARD).await.is_ok());
        Self { http: Client::new(), at: program.url.strip_prefix("http://").unwrap().into(), token }
    }

    /// How often each code came.
    async fn flood(self: Arc<Self>, wrong: &'static Wrong, stop: Arc<AtomicBool>) -> Counted {
        let body = (wrong.body)();
        let mut counted = Counted::new();
        while !stop.load(Ordering::Relaxed) {
            let token = if wrong.forged { format!("mwt_{}", uuid::Uuid::new_v4().simple()) } else { self.token.clone() };
            let asked = self.http.post(format!("http://{}/graphql", self.at)).bearer_auth(token).header("content-type", "application/json");
            let answer: Value = asked.body(body.clone()).send().await.unwrap().json().await.unwrap();
            *counted.entry(answer["errors"][0]["extensions"]["code"].as_str().unwrap_or("none").into()).or_default() += 1;
        }
        counted
    }

    /// What is answered to a body that never ends.
    async fn slow_body(&self) -> String {
        let mut stream = TcpStream::connect(&self.at).await.unwrap();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 10000\r\n\r\n",
            self.at, self.token
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let (mut answers, mut bytes) = stream.into_split();
        let mut answer = [0; 4_096];
        let mut ticks = tokio::time::interval(Duration::from_millis(200));
        loop {
            tokio::select! {
                read = answers.read(&mut answer) => return String::from_utf8_lossy(&answer[..read.unwrap()]).into(),
                _ = ticks.tick() => bytes.write_all(b" ").await.unwrap(),
            }
        }
    }

    async fn socket(&self) -> Result<Socket, tungstenite::Error> {
        let mut request = format!("ws://{}/graphql/ws", self.at).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        request.headers_mut().insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        let (mut socket, _) = connect_async(request).await?;
        socket.send(Message::text(json!({ "type": "connection_init" }).to_string())).await?;
        socket.next().await.unwrap()?;
        Ok(socket)
    }

    /// Subscribes a thousand times on one socket, and opens a hundred more.
    async fn listen(self: Arc<Self>) -> ([usize; 2], [usize; 2]) {
        let mut socket = self.socket().await.unwrap();
        let subscriptions = subscribed(&mut socket).await;
        let mut standing = vec![];
        let mut refused = 0;
        for _ in 0..100 {
            match self.socket().await {
                Ok(socket) => standing.push(socket),
                Err(tungstenite::Error::Http(answer)) => {
                    assert_eq!(answer.status(), 429);
                    refused += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
        drop(socket);
        (subscriptions, [standing.len(), refused])
    }
}

/// How many of a thousand subscriptions on one socket stand, and how many are refused.
async fn subscribed(socket: &mut Socket) -> [usize; 2] {
    for id in 0..1_000 {
        let subscribe = json!({ "id": id.to_string(), "type": "subscribe", "payload": { "query": "subscription { plantChanged { plant } }" } });
        socket.send(Message::text(subscribe.to_string())).await.unwrap();
    }
    let (mut standing, mut refused) = (BTreeSet::new(), 0);
    while standing.len() + refused < 1_000 {
        let message: Value = serde_json::from_str(socket.next().await.unwrap().unwrap().to_text().unwrap()).unwrap();
        if message.to_string().contains("\"TOO_MANY\"") {
            refused += 1;
        } else if message["type"] == "next" {
            standing.insert(message["id"].to_string());
        } else {
            assert_eq!(message["type"], "complete", "{message}");
        }
    }
    [standing.len(), refused]
}
