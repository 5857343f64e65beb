//! Against a server of a few lines: what is sent, what is read, and what is told when nothing comes back.

use super::*;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Reads one request, answers with `answer` or hangs up, and returns what it read.
async fn serve(answer: &'static str) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"end") && !read.ends_with(b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(read).unwrap()
    });
    (address, served)
}

fn outward(allow: &[&str]) -> Outward {
    Outward::new(OutwardSettings { allow: allow.iter().map(|entry| entry.to_string()).collect(), timeout_s: 20 }).unwrap()
}

#[tokio::test]
async fn a_request_arrives_as_it_was_made_and_its_answer_comes_back() {
    let (address, served) = serve("HTTP/1.1 201 Created\r\ncontent-length: 8\r\nx-y: z\r\n\r\n{\"id\":7}").await;
    let request = Request::post(&format!("http://{address}/a")).query("q", "1 2").header("x-a", "b").body("text/plain", "the end");
    let reply = outward(&["127.0.0.1"]).send(request).await.unwrap();
    assert_eq!((reply.status, reply.header("x-y"), reply.json::<serde_json::Value>()), (201, Some("z"), Ok(serde_json::json!({"id": 7}))));
    let read = served.await.unwrap();
    assert!(read.starts_with("POST /a?q=1+2 HTTP/1.1\r\n"), "{read}");
    assert!(read.contains("user-agent: millwright/") && read.contains("x-a: b") && read.ends_with("the end"), "{read}");
}

#[tokio::test]
async fn an_address_inside_is_not_even_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        let refused = outward(&[]).send(Request::get(&format!("http://{host}:{port}/"))).await.unwrap_err();
        assert!(matches!(&refused, SendFailed::NotSent { reason, .. } if reason.contains("outward.allow")), "{host}: {refused}");
    }
    assert!(std::future::poll_fn(|context| std::task::Poll::Ready(listener.poll_accept(context).is_pending())).await, "somebody connected");
}

#[tokio::test]
async fn a_name_that_is_allowed_is_reached() {
    let (address, _served) = serve("HTTP/1.1 204 No Content\r\n\r\n").await;
    let reply = outward(&["localhost"]).send(Request::get(&format!("http://localhost:{}/", address.port()))).await.unwrap();
    assert_eq!(reply.status, 204);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let (address, _served) = serve("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(outward(&["127.0.0.1"]).send(Request::get(&format!("http://{address}/"))).await.unwrap().status, 302);
}

#[tokio::test]
async fn a_long_answer_is_read_up_to_its_bound() {
    let (address, _served) = serve("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789").await;
    let reply = outward(&["127.0.0.1"]).send(Request::get(&format!("http://{address}/")).at_most(4)).await.unwrap();
    assert_eq!((reply.body.as_slice(), reply.cut), (&b"0123"[..], true));
    assert!(reply.json::<u64>().unwrap_err().contains("longer than 4 bytes"));
}

#[tokio::test]
async fn who_listens_nowhere_got_nothing_and_who_hangs_up_may_have_got_it() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let request = |address| Request::post(&format!("http://{address}/bot1:AAsecret/x?token=t0ken")).hide("1:AAsecret").body("text/plain", "the end");
    let refused = outward(&["127.0.0.1"]).send(request(free)).await.unwrap_err();
    assert!(matches!(refused, SendFailed::NotSent { .. }), "{refused}");
    let (address, _served) = serve("").await;
    let lost = outward(&["127.0.0.1"]).send(request(address)).await.unwrap_err();
    assert!(matches!(lost, SendFailed::NoAnswer { .. }), "{lost}");
    for shown in [format!("{refused} {refused:?}"), format!("{lost} {lost:?}")] {
        assert!(shown.contains("/bot…/x") && !shown.contains("AAsecret") && !shown.contains("t0ken"), "{shown}");
    }
}

#[tokio::test]
async fn who_does_not_answer_in_time_may_have_got_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let outward = outward(&["127.0.0.1"]);
    let sending = outward.send(Request::get(&format!("http://{}/", listener.local_addr().unwrap())));
    let silent = async {
        let connection = listener.accept().await.unwrap();
        // From here on nothing but the clock can move.
        tokio::time::pause();
        std::future::pending::<()>().await;
        drop(connection);
    };
    let lost = tokio::select! { sent = sending => sent.unwrap_err(), () = silent => unreachable!() };
    assert!(matches!(&lost, SendFailed::NoAnswer { reason, .. } if reason == "nothing came within 20 s"), "{lost}");
}

#[tokio::test]
async fn a_name_that_nobody_has_got_nothing() {
    // No label may be so long, so that not even a name server is asked.
    let refused = outward(&[]).send(Request::get(&format!("https://{}.invalid/", "n".repeat(64)))).await.unwrap_err();
    assert!(matches!(refused, SendFailed::NotSent { .. }), "{refused}");
}

#[tokio::test]
async fn who_speaks_no_tls_got_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let mut read = Vec::new();
        stream.read_to_end(&mut read).await.unwrap();
        read
    };
    let outward = outward(&["127.0.0.1"]);
    let (refused, read) = tokio::join!(outward.send(Request::post(&format!("https://{address}/")).json(&"the end")), serving);
    assert!(matches!(refused, Err(SendFailed::NotSent { .. })), "{refused:?}");
    assert!(!String::from_utf8_lossy(&read).contains("the end"));
}
