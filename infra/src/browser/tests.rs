//! A real Chromium, where one is installed, looks at a page of figures.

use super::{Chromium, Pass, Visit, devtools::DevTools};
use millwright_domain::ports::page_view::NotSeen;
use serde_json::json;
use std::{
    net::Ipv4Addr,
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::timeout,
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

#[tokio::test]
async fn it_ends_when_our_end_of_its_pipe_is_closed() {
    let Ok(chromium) = Chromium::find("") else { return };
    let profile = tempfile::tempdir().unwrap();
    let mut child = chromium.start(profile.path(), Ipv4Addr::LOCALHOST.into()).unwrap();
    let (asks, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut browser = DevTools::over(asks, answers);
    browser.call("Browser.getVersion", json!({})).await.unwrap();
    // As at kill -9 of this process: nobody says goodbye.
    drop(browser);
    timeout(Duration::from_secs(30), child.wait()).await.expect("it ended").unwrap();
}

#[tokio::test]
async fn a_program_that_is_no_browser_is_told_with_its_last_words() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("chromium");
    std::fs::write(&program, "#!/bin/sh\necho first >&2\necho 'no display' >&2\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let site = "demo".parse().unwrap();
    let visit = Visit { page: "http://127.0.0.1:9", at: Ipv4Addr::LOCALHOST.into(), site: &site, pass: None };
    let not_seen = Chromium { program }.look(&visit).await.unwrap_err();
    assert_eq!(not_seen, NotSeen::Broken("it hung up: no display".into()));
}

#[test]
fn a_browser_that_is_not_there_is_said_with_what_to_do() {
    let said = |wanted: &str| Chromium::find(wanted).unwrap_err().to_string();
    assert!(said("none").contains("inspection.browser"));
    assert!(matches!(Chromium::find("/nowhere/chromium"), Err(NotSeen::NoBrowser(why)) if why.contains("/nowhere/chromium")));
}
