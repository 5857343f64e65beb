//! A real Chromium, where one is installed, looks at a page of figures.

use super::{Chromium, Pass, Visit};
use millwright_domain::ports::page_view::NotSeen;
use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const PAGE: &str = "<!doctype html><dl data-figures='demo' data-position='ledger/demo:17'><dd data-figure='open_cases'> 3 </dd></dl>";

/// Serves one page to whoever asks, and keeps what was asked.
async fn served(page: &'static str) -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(String::new())));
    let kept = asked.clone();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let kept = kept.clone();
            tokio::spawn(async move {
                let mut bytes = vec![0; 8_192];
                let read = socket.read(&mut bytes).await.unwrap_or(0);
                kept.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..read]));
                let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", page.len());
                drop(socket.write_all(format!("{head}{page}").as_bytes()).await);
            });
        }
    });
    (format!("http://{address}"), asked)
}

#[tokio::test]
async fn figures_and_a_picture_are_read_from_a_page_under_the_pass_that_was_given() {
    let Ok(chromium) = Chromium::find("") else { return };
    let (page, asked) = served(PAGE).await;
    let site = "demo".parse().unwrap();
    let seen = chromium
        .look(&Visit { page: &page, at: Ipv4Addr::LOCALHOST.into(), site: &site, pass: Some(Pass { shown: "let-me-look", cookie: "millwright" }) })
        .await
        .unwrap();
    assert_eq!((seen.position.as_str(), seen.figures["open_cases"].as_str()), ("ledger/demo:17", "3"));
    assert!(seen.picture.starts_with(b"\x89PNG"), "{} bytes", seen.picture.len());
    assert!(asked.lock().unwrap().to_lowercase().contains("authorization: bearer let-me-look"));
}

#[test]
fn a_browser_that_is_not_there_is_said_with_what_to_do() {
    let said = |wanted: &str| Chromium::find(wanted).unwrap_err().to_string();
    assert!(said("none").contains("inspection.browser"));
    assert!(matches!(Chromium::find("/nowhere/chromium"), Err(NotSeen::NoBrowser(why)) if why.contains("/nowhere/chromium")));
}
