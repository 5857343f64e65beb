//! Requests that no browser sends, byte by byte: out of the folder, two in one, half a head. None gets more than it may, and none stays.

use crate::program::Program;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Several times what a head may take.
const LIMIT: Duration = Duration::from_secs(60);

/// What is answered until the program closes the connection.
pub async fn answered(program: &Program, request: &str) -> String {
    let mut stream = TcpStream::connect(program.url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![];
    // Whoever is thrown out in the middle of a sentence may find the connection reset.
    drop(timeout(LIMIT, stream.read_to_end(&mut answer)).await.expect("it ends"));
    String::from_utf8_lossy(&answer).into_owned()
}

pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

pub fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[tokio::test]
async fn no_path_leads_out_of_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::demo(&folder.path().join("data"), &[]).await;
    let outside = ["Cargo.toml", "web/package.json", "etc/passwd"];
    let ups = [
        "/../",
        "/../../",
        "/../../../../../../",
        "/assets/../../",
        "/%2e%2e/",
        "/%2e%2e%2f%2e%2e%2f",
        "/..%2f..%2f",
        "/..%5c..%5c",
        "//",
        "/%00/../",
    ];
    for up in ups {
        for file in outside {
            let answer = answered(&program, &get(&format!("{up}{file}"))).await;
            assert!(["200", "400", "404"].contains(&status(&answer)), "{up}{file}: {answer}");
            let inside = ["[workspace]", "\"dependencies\"", "root:x:"].iter().find(|words| answer.contains(**words));
            assert_eq!(inside, None, "{up}{file} leads out");
        }
    }
    assert!(program.terminate());
}

#[tokio::test]
async fn what_could_be_two_requests_or_two_answers_is_one_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::demo(&folder.path().join("data"), &[]).await;
    let begin = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nX-Millwright: page\r\nContent-Type: application/json\r\n";
    let smuggled = "0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (what, rest) in [
        ("two lengths", format!("Content-Length: 5\r\nContent-Length: 50\r\n\r\n{smuggled}")),
        ("a length that is none", format!("Content-Length: +5\r\n\r\n{smuggled}")),
        ("a folded line", format!("X-Folded: one\r\n two: three\r\nContent-Length: 2\r\n\r\n{{}}{smuggled}")),
        ("a line that is broken in its value", format!("X-Broken: one\rSet-Cookie: two\r\nContent-Length: 2\r\n\r\n{{}}{smuggled}")),
        ("a name with a space", format!("X Spaced: one\r\nContent-Length: 2\r\n\r\n{{}}{smuggled}")),
    ] {
        let answer = answered(&program, &format!("{begin}{rest}")).await;
        assert_eq!((status(&answer), answer.matches("HTTP/1.1 ").count()), ("400", 1), "{what}: {answer}");
    }
    // What is encoded in an address stays there.
    for path in ["/audit/export?kind=a%0d%0aSet-Cookie:%20evil=1", "/access/oidc/a%0d%0aSet-Cookie:%20evil=1", "/cases/%0d%0aSet-Cookie:%20evil=1"] {
        let answer = answered(&program, &get(path)).await;
        let (head, _) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(!head.to_ascii_lowercase().contains("\nset-cookie: evil"), "{path}: {head}");
    }
    assert!(program.terminate());
}

#[tokio::test]
async fn who_sends_half_a_head_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::demo(&folder.path().join("data"), &[]).await;
    let halves = ["", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: "];
    let answers = futures::future::join_all(halves.map(|half| answered(&program, half))).await;
    assert!(answers.iter().all(|answer| ["none", "408", "400"].contains(&status(answer))), "{answers:?}");
    // HTTP/2, in which a connection that asks nothing could stay.
    let other_protocol = answered(&program, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0").await;
    assert!(["none", "400", "505"].contains(&status(&other_protocol)), "{other_protocol:?}");
    assert_eq!(status(&answered(&program, &get("/health")).await), "200");
    assert!(program.terminate());
}
