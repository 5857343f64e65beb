//! How every adapter fails: told apart by what it says of the bill, never twice, and never with a secret.

use crate::house::{House, LONG, prompt};
use millwright_domain::model_call::{Billed, CallFailed};
use millwright_standin::{
    Fault,
    models::{ModelServer, Tongue, Trouble},
};
use std::time::Duration;

/// Long enough for this machine to answer, short enough to wait for.
const SHORT: Duration = Duration::from_millis(300);

pub async fn told_apart(house: &House) {
    for (trouble, kind, billed) in [
        (Trouble::TooOften(7), "rate_limited", Billed::No),
        (Trouble::Overloaded, "overloaded", Billed::No),
        (Trouble::Fails, "failed", Billed::Unknown),
        (Trouble::BreaksOff, "timed_out", Billed::Unknown),
    ] {
        house.server.has(trouble);
        let failed = house.asks(&prompt()).await.unwrap_err();
        assert_eq!((failed.kind(), failed.billed()), (kind, billed), "{failed}");
        if let CallFailed::RateLimited { wait, .. } = failed {
            assert_eq!(wait, Some(Duration::from_secs(7)));
        }
    }
    let ends_empty = house.tongue != Tongue::Ollama;
    if ends_empty {
        house.server.has(Trouble::Withholds);
        assert_eq!(house.asks(&prompt()).await.unwrap_err().kind(), "bad_answer");
    }
    for (status, kind) in [(400, "refused"), (413, "refused"), (500, "failed"), (502, "failed"), (301, "not_authorised")] {
        house.server.faults.next(1, Fault::status(status));
        assert_eq!(house.asks(&prompt()).await.unwrap_err().kind(), kind, "{status}");
    }
    house.server.faults.next(1, Fault::Answer { status: 200, headers: vec![], body: "<html>a proxy's page</html>".into() });
    assert_eq!(house.asks(&prompt()).await.unwrap_err().kind(), "bad_answer");
    house.server.faults.next(1, Fault::Answer { status: 200, headers: vec![], body: "{}".into() });
    assert_eq!(house.asks(&prompt()).await.unwrap_err().kind(), "bad_answer");
}

pub async fn broken_off(house: &House) {
    house.server.has(Trouble::BreaksOff);
    let (failed, told) = house.hears(&prompt(), LONG).await;
    let failed = failed.unwrap_err();
    assert_eq!((failed.kind(), failed.billed()), ("broken_off", Billed::AtLeast(told.len() as u64)), "{failed}");
    assert!(told.starts_with("I have read") && told.len() as u64 >= house.bill().output, "{told}");
}

pub async fn stalled(house: &House) {
    house.server.has(Trouble::Stalls);
    let failed = house.model.complete(&prompt(), SHORT).await.unwrap_err();
    assert_eq!((failed.kind(), failed.billed()), ("timed_out", Billed::Unknown), "{failed}");
}

pub async fn stalled_halfway(house: &House) {
    house.server.has(Trouble::StallsHalfway);
    let (failed, told) = house.hears(&prompt(), SHORT).await;
    let failed = failed.unwrap_err();
    assert!(!told.is_empty() && failed.billed() == Billed::AtLeast(told.len() as u64), "{failed}");
}

pub async fn nobody_there(house: &House) {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = house.with(&format!("http://{nobody}"), ModelServer::MODEL, ModelServer::KEY);
    let failed = away.complete(&prompt(), LONG).await.unwrap_err();
    assert_eq!((failed.kind(), failed.billed()), ("not_sent", Billed::No), "{failed}");
    let private = house.with("http://10.255.255.1", ModelServer::MODEL, ModelServer::KEY);
    let refused = private.complete(&prompt(), LONG).await.unwrap_err();
    assert!(refused.kind() == "not_sent" && refused.to_string().contains("outward.allow"), "{refused}");
}

pub async fn key_and_model(house: &House) {
    let unknown = house.with(&house.server.api(), "no-such-model", ModelServer::KEY);
    let failed = unknown.complete(&prompt(), LONG).await.unwrap_err();
    assert!(failed.kind() == "not_authorised" && failed.to_string().contains("`model`"), "{failed}");
    if house.tongue == Tongue::Ollama {
        return;
    }
    let other = house.with(&house.server.api(), ModelServer::MODEL, "another-key");
    let failed = other.complete(&prompt(), LONG).await.unwrap_err();
    assert!(failed.kind() == "not_authorised" && failed.to_string().contains("key"), "{failed}");
    assert!(house.server.bills().is_empty());
}

pub async fn no_secret_is_shown(house: &House) {
    if house.tongue == Tongue::Ollama {
        return;
    }
    let body = format!(r#"{{"error":{{"message":"your key {} is odd"}}}}"#, ModelServer::KEY);
    house.server.faults.next(1, Fault::Answer { status: 400, headers: vec![], body });
    let failed = house.asks(&prompt()).await.unwrap_err();
    assert!(!format!("{failed} {failed:?}").contains(ModelServer::KEY) && failed.to_string().contains("is odd"), "{failed}");
}

pub async fn never_twice(house: &House) {
    for trouble in [Trouble::Fails, Trouble::TooOften(0), Trouble::Overloaded, Trouble::BreaksOff] {
        house.server.has(trouble);
        let _failed = house.asks(&prompt()).await.unwrap_err();
    }
    assert_eq!(house.server.faults.seen().len(), 4);
}
