//! A mail server: takes mails over plain SMTP, keeps them, and fails in the ways that mail servers do.

use base64::{Engine, prelude::BASE64_STANDARD};
use std::{collections::VecDeque, io, net::SocketAddr};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

const LARGEST_MAIL: usize = 1 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    /// Header and text as they came, with `\n` at the ends of lines.
    pub text: String,
}

impl Mail {
    /// The value of a field of the header, unfolded; empty if it is not there.
    pub fn field(&self, name: &str) -> String {
        let header = self.text.split("\n\n").next().unwrap_or_default().replace("\n ", " ").replace("\n\t", " ");
        let found = header.lines().find_map(|line| line.split_once(": ").filter(|(field, _)| field.eq_ignore_ascii_case(name)));
        found.map(|(_, value)| value.trim().to_string()).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Greeting,
    Hello,
    Login,
    From,
    To,
    Data,
    /// After the text.
    Text,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailFault {
    /// Says this instead, like `451 try again later`, and does nothing.
    Says(&'static str),
    /// Closes the connection, and does nothing.
    HangUp,
    /// Does it, and closes the connection without an answer.
    DoneThenHangUp,
}

#[derive(Default)]
struct Inner {
    mails: Vec<Mail>,
    armed: VecDeque<(Step, MailFault)>,
    connections: usize,
    /// User and password, if it takes mails from those alone.
    login: Option<(String, String)>,
}

type Shared = crate::shared::Shared<Inner>;

pub struct SmtpServer {
    address: SocketAddr,
    shared: Shared,
    task: JoinHandle<()>,
}

impl SmtpServer {
    /// Takes mails from everybody.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, shared) = (listener.local_addr()?, Shared::default());
        let served = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                served.state().connections += 1;
                let shared = served.clone();
                tokio::spawn(async move { talk(stream, &shared).await });
            }
        });
        Ok(Self { address, shared, task })
    }
    pub fn wants_login(&self, user: &str, password: &str) {
        self.shared.state().login = Some((user.into(), password.into()));
    }
    pub fn address(&self) -> SocketAddr {
        self.address
    }
    pub fn mails(&self) -> Vec<Mail> {
        self.shared.state().mails.clone()
    }
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }
    /// The next time that this step is reached.
    pub fn fails(&self, step: Step, fault: MailFault) {
        self.shared.state().armed.push_back((step, fault));
    }
    /// From now on nobody listens there.
    pub fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn take(&self, step: Step) -> Option<MailFault> {
        let mut inner = self.state();
        let at = inner.armed.iter().position(|armed| armed.0 == step)?;
        inner.armed.remove(at).map(|armed| armed.1)
    }
}

/// What one connection knows.
#[derive(Default)]
struct Session {
    from: String,
    to: Vec<String>,
    is_in: bool,
}

/// Until either side hangs up; `None` is that.
async fn talk(stream: TcpStream, shared: &Shared) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut session = Session { is_in: shared.state().login.is_none(), ..Session::default() };
    answer(&mut stream, shared, Step::Greeting, "220 stand-in ESMTP", || ()).await?;
    loop {
        let line = read_line(&mut stream).await?;
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => {
                let hello = if session.is_in { "250-stand-in\r\n250 8BITMIME" } else { "250-stand-in\r\n250-8BITMIME\r\n250 AUTH PLAIN" };
                answer(&mut stream, shared, Step::Hello, hello, || ()).await?;
            }
            "AUTH" => {
                session.is_in = shared.state().login.as_ref().is_some_and(|login| is_login(&line, login));
                let said = if session.is_in { "235 2.7.0 welcome" } else { "535 5.7.8 bad credentials" };
                answer(&mut stream, shared, Step::Login, said, || ()).await?;
            }
            "MAIL" if !session.is_in => say(&mut stream, "530 5.7.0 authentication required").await?,
            "MAIL" => {
                session.from = address(&line);
                session.to.clear();
                answer(&mut stream, shared, Step::From, "250 2.1.0 ok", || ()).await?;
            }
            "RCPT" => {
                answer(&mut stream, shared, Step::To, "250 2.1.5 ok", || session.to.push(address(&line))).await?;
            }
            "DATA" if session.to.is_empty() => say(&mut stream, "503 5.5.1 to whom?").await?,
            "DATA" => {
                if !answer(&mut stream, shared, Step::Data, "354 go ahead", || ()).await? {
                    continue;
                }
                let mail = Mail { from: session.from.clone(), to: session.to.clone(), text: read_text(&mut stream).await? };
                answer(&mut stream, shared, Step::Text, "250 2.0.0 queued as 1", || shared.state().mails.push(mail)).await?;
            }
            "QUIT" => {
                say(&mut stream, "221 2.0.0 bye").await?;
                return None;
            }
            "NOOP" | "RSET" => say(&mut stream, "250 2.0.0 ok").await?,
            _ => say(&mut stream, "502 5.5.2 what?").await?,
        }
    }
}

/// Does it and says so, or what a test wants instead. Returns whether it was done; `None` if the connection is to end.
async fn answer(stream: &mut BufReader<TcpStream>, shared: &Shared, step: Step, said: &str, done: impl FnOnce()) -> Option<bool> {
    match shared.take(step) {
        None => {
            done();
            say(stream, said).await?;
            Some(true)
        }
        Some(MailFault::Says(instead)) => {
            say(stream, instead).await?;
            Some(false)
        }
        Some(MailFault::HangUp) => None,
        Some(MailFault::DoneThenHangUp) => {
            done();
            None
        }
    }
}

async fn say(stream: &mut BufReader<TcpStream>, text: &str) -> Option<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await.ok()
}

async fn read_line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    (stream.read_line(&mut line).await.ok()? > 0).then(|| line.trim_end().to_string())
}

async fn read_text(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut text = String::new();
    loop {
        let line = read_line(stream).await?;
        if line == "." {
            return Some(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push('\n');
        if text.len() > LARGEST_MAIL {
            return None;
        }
    }
}

fn address(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or_else(String::new, |(address, _)| address.to_string())
}

/// `AUTH PLAIN` and the base64 of `\0user\0password`.
fn is_login(line: &str, (user, password): &(String, String)) -> bool {
    let given = line.split(' ').nth(2).and_then(|given| BASE64_STANDARD.decode(given).ok());
    given.is_some_and(|given| given == format!("\0{user}\0{password}").as_bytes())
}
