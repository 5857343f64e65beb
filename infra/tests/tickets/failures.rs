//! What goes wrong outside: each kind is told apart, nothing is done twice afterwards, and nobody gets to see a secret.

use crate::outside::{Outside, case, outward, text};
use millwright_domain::ports::messenger::NotTaken;
use millwright_infra::outward::{Outward, OutwardSettings};
use millwright_standin::Fault;
use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::net::TcpListener;

fn kind(not_taken: &NotTaken) -> &'static str {
    match not_taken {
        NotTaken::Away(_) => "away",
        NotTaken::Busy { wait, .. } if *wait == Duration::from_secs(7) => "busy for 7 s",
        NotTaken::Busy { .. } => "busy",
        NotTaken::ForNow(_) => "for now",
        NotTaken::Unknown(_) => "unknown",
        NotTaken::ForGood(_) => "for good",
    }
}

fn faults() -> Vec<(Fault, &'static str)> {
    vec![
        (Fault::status(401), "away"),
        (Fault::status(403), "away"),
        (Fault::status(404), "for good"),
        (Fault::status(409), "for good"),
        (Fault::status(422), "for good"),
        (Fault::wait(429, 7), "busy for 7 s"),
        (Fault::status(500), "for now"),
        (Fault::status(503), "for now"),
        (Fault::wait(503, 7), "busy for 7 s"),
        (Fault::HangUp, "for now"),
    ]
}

fn times(outside: &impl Outside, fault: &Fault) -> usize {
    if matches!(fault, Fault::Answer { status: 401, .. }) { outside.tries_at_401() } else { 1 }
}

pub async fn told_apart(outside: &impl Outside) {
    let adapter = outside.adapter();
    let ticket = adapter.open(case(0), &text("warm", "up")).await.unwrap();
    for (number, (fault, expected)) in (1..).zip(faults()) {
        let text = text("pump-1 wears out", "the bearing");
        outside.faults().next(times(outside, &fault), fault.clone());
        let failed = adapter.open(case(number), &text).await.unwrap_err();
        assert_eq!(kind(&failed), expected, "{fault:?}: {failed}");
        assert!(outside.faults().are_over());
        adapter.open(case(number), &text).await.unwrap();
        let (method, path) = outside.commenting();
        outside.faults().on(method, path, times(outside, &fault), fault.clone());
        let key = format!("key {number}");
        let failed = adapter.comment(&ticket, &key, "it is hot").await.unwrap_err();
        assert_eq!(kind(&failed), expected, "{fault:?}: {failed}");
        adapter.comment(&ticket, &key, "it is hot").await.unwrap();
        let held = outside.tickets();
        assert_eq!((held.len(), held[0].comments.len()), (number as usize + 1, number as usize), "after {fault:?}");
    }
}

pub async fn nobody_there(outside: &impl Outside) {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = outside.adapter_at(&format!("http://{free}"), outward());
    let closed = Outward::new(OutwardSettings::default()).unwrap();
    let not_allowed = outside.adapter_at(&outside.url(), closed);
    for (adapter, why) in [(nobody, "refused"), (not_allowed, "outward.allow")] {
        let failed = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap_err();
        assert!(matches!(&failed, NotTaken::Away(said) if said.contains(why)), "{failed:?}");
    }
    assert!(outside.tickets().is_empty() && outside.faults().seen().is_empty());
}

/// All that is logged on this thread, whatever its level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub async fn no_secret_is_shown(outside: &impl Outside) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    let _logged = tracing::subscriber::set_default(subscriber);
    let (adapter, secret) = (outside.adapter(), outside.secret().read());
    let ticket = adapter.open(case(0), &text("warm", "up")).await.unwrap();
    // A service that says the secret itself, in each place where it can say something.
    let says = |status| {
        let body = format!(r#"{{"message":"no {secret} here","error":"{secret}","errors":[{{"message":"{secret}"}}]}}"#);
        Fault::Answer { status, headers: vec![("location", format!("http://{secret}.example"))], body }
    };
    let mut told = Vec::new();
    let statuses = [200, 301, 400, 401, 403, 404, 422, 429, 500, 503].map(says);
    for (number, fault) in (1..).zip(statuses.into_iter().chain([Fault::HangUp, Fault::DoneThenHangUp])) {
        outside.faults().next(times(outside, &fault), fault.clone());
        told.extend(adapter.open(case(number), &text("pump-1 wears out", "the bearing")).await.err().map(|failed| format!("{failed} {failed:?}")));
        outside.faults().next(times(outside, &fault), fault);
        told.extend(adapter.comment(&ticket, &format!("{number}"), "x").await.err().map(|failed| format!("{failed} {failed:?}")));
    }
    outside.faults().clear();
    outside.takes_only(outside.new_secret());
    told.extend(adapter.comment(&ticket, "k", "x").await.err().map(|failed| format!("{failed} {failed:?}")));
    assert!(told.len() > 15, "{told:?}");
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(!told.join("\n").contains(&secret), "{told:#?}");
    assert!(!logged.contains(&secret), "{logged}");
    let seen = outside.faults().seen();
    assert!(seen.iter().all(|seen| !seen.path.contains(&secret) && !seen.query.contains(&secret)), "a secret in an address");
}
