//! What every adapter promises, whatever its system can and cannot do.

use crate::outside::{Outside, case, labels, text};
use millwright_domain::{
    case::{Outcome, Severity},
    ports::messenger::NotTaken,
    ticket::TicketText,
};
use millwright_standin::Fault;

pub async fn opened_when_asked_twice(outside: &impl Outside) {
    let adapter = outside.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    let other = adapter.open(case(2), &text("pump-2 wears out", "the bearing")).await.unwrap();
    assert_ne!(ticket.id, other.id);
    // Also by a program that was started anew in between.
    for adapter in [adapter, outside.adapter()] {
        assert_eq!(adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap(), ticket);
    }
    let held = outside.tickets();
    assert_eq!(held.len(), 2);
    assert_eq!((held[0].id.as_str(), held[0].title.as_str(), held[0].is_open), (ticket.id.as_str(), "pump-1 wears out", true));
    assert!(held[0].body.starts_with("the bearing"), "{:?}", held[0]);
    assert!(held[0].labels.as_ref().is_none_or(|has| *has == labels(&["millwright", "severity-high", "bearing_wear"])), "{:?}", held[0].labels);
}

pub async fn opened_by_two_at_once(outside: &impl Outside) {
    let (adapter, text) = (outside.adapter(), text("pump-1 wears out", "the bearing"));
    let (one, two) = tokio::join!(adapter.open(case(1), &text), adapter.open(case(1), &text));
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(outside.tickets().len(), 1);
}

pub async fn opened_by_two_programs(outside: &impl Outside) {
    let (one, two, text) = (outside.adapter(), outside.adapter(), text("pump-1 wears out", "the bearing"));
    let (first, second) = tokio::join!(one.open(case(1), &text), two.open(case(1), &text));
    let ticket = first.unwrap();
    assert_eq!(ticket, second.unwrap());
    let open: Vec<String> = outside.tickets().into_iter().filter(|held| held.is_open).map(|held| held.id).collect();
    assert_eq!(open, [ticket.id]);
}

pub async fn opened_although_the_answer_was_lost(outside: &impl Outside) {
    let (method, path) = outside.opening();
    outside.faults().on(method, path, 1, Fault::DoneThenHangUp);
    let lost = outside.adapter().open(case(1), &text("pump-1 wears out", "the bearing")).await;
    assert!(matches!(lost, Err(NotTaken::ForNow(_))), "{lost:?}");
    assert_eq!(outside.tickets().len(), 1, "it was opened all the same");
    let ticket = outside.adapter().open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    assert_eq!(outside.tickets().into_iter().map(|held| held.id).collect::<Vec<_>>(), [ticket.id]);
}

pub async fn opened_although_no_answer_came(outside: &impl Outside) {
    let (method, path) = outside.opening();
    outside.faults().on(method, path, 1, Fault::DoneThenSilence);
    let (adapter, text) = (outside.adapter(), text("pump-1 wears out", "the bearing"));
    let passing_time = async {
        outside.faults().silent().await;
        // From here on nothing but the clock can move, so it does.
        tokio::time::pause();
        std::future::pending::<()>().await
    };
    let lost = tokio::select! { opened = adapter.open(case(1), &text) => opened, () = passing_time => unreachable!() };
    tokio::time::resume();
    assert!(matches!(&lost, Err(NotTaken::ForNow(why)) if why.contains("within 20 s")), "{lost:?}");
    let ticket = adapter.open(case(1), &text).await.unwrap();
    assert_eq!(outside.tickets().into_iter().map(|held| held.id).collect::<Vec<_>>(), [ticket.id]);
}

pub async fn edited(outside: &impl Outside) {
    let adapter = outside.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    let labels = labels(&["millwright", "severity-critical", "bearing_wear"]);
    let edited = TicketText { labels: labels.clone(), severity: Severity::Critical, ..text("pump-1: bearing wear", "it gets worse") };
    for _ in 0..2 {
        adapter.edit(&ticket, &edited).await.unwrap();
        let held = outside.tickets().remove(0);
        assert_eq!(held.title, "pump-1: bearing wear");
        assert!(held.body.starts_with("it gets worse"), "{}", held.body);
        assert!(held.labels.as_ref().is_none_or(|has| *has == labels), "{:?}", held.labels);
    }
    // It is still the case's.
    assert_eq!(outside.adapter().open(case(1), &edited).await.unwrap(), ticket);
    assert_eq!(outside.tickets().len(), 1);
}

pub async fn commented_once_under_one_key(outside: &impl Outside) {
    let adapter = outside.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    let (method, path) = outside.commenting();
    outside.faults().on(method, path, 1, Fault::DoneThenHangUp);
    let lost = adapter.comment(&ticket, "key --> 1", "it is hot").await;
    assert!(matches!(lost, Err(NotTaken::ForNow(_))), "{lost:?}");
    adapter.comment(&ticket, "key --> 1", "it is hot").await.unwrap();
    let (one, two) = tokio::join!(adapter.comment(&ticket, "key 2", "it is hot"), adapter.comment(&ticket, "key 2", "it is hot"));
    assert_eq!((one, two), (Ok(()), Ok(())));
    outside.adapter().comment(&ticket, "key 2", "it is hot").await.unwrap();
    let comments = outside.tickets().remove(0).comments;
    assert_eq!(comments.len(), 2, "{comments:?}");
    assert!(comments.iter().all(|comment| comment.starts_with("it is hot")), "{comments:?}");
}

pub async fn closed_and_reopened(outside: &impl Outside) {
    let adapter = outside.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    for _ in 0..2 {
        adapter.close(&ticket, "closes", Outcome::Repaired, "the bearing was replaced").await.unwrap();
        let held = outside.tickets().remove(0);
        assert_eq!((held.is_open, held.comments.len()), (false, 1), "{held:?}");
    }
    for _ in 0..2 {
        adapter.reopen(&ticket, "reopens", "it is back").await.unwrap();
        let held = outside.tickets().remove(0);
        assert_eq!((held.is_open, held.comments.len()), (true, 2), "{held:?}");
    }
    adapter.close(&ticket, "closes again", Outcome::FalseAlarm, "a loose cable").await.unwrap();
    let held = outside.tickets().remove(0);
    let begins: Vec<&str> = held.comments.iter().filter_map(|comment| comment.lines().next()).collect();
    assert_eq!((held.is_open, begins), (false, vec!["the bearing was replaced", "it is back", "a loose cable"]));
}

pub async fn strange_texts(outside: &impl Outside) {
    let adapter = outside.adapter();
    let strange = "\"quoted\" 'single' \\back <b>&amp;</b> `code`\r\n\ttab\n\n💥 🔧 ünï \u{1f9d1}\u{200d}\u{1f527} {{x}} %00 %s ]]>\n";
    let title = "pump \"1\" <wears> & \u{1f527} out\n, at 'last'";
    let long = format!("{strange}{}", "ä long line of text \u{1f527}\n".repeat(60_000 / 22)).chars().take(60_000).collect::<String>();
    for (number, body) in [(1, strange), (2, long.as_str())] {
        let ticket = adapter.open(case(number), &text(title, body)).await.unwrap();
        adapter.comment(&ticket, "k", body).await.unwrap();
        adapter.edit(&ticket, &text(title, body)).await.unwrap();
        assert_eq!(adapter.open(case(number), &text(title, body)).await.unwrap(), ticket);
        adapter.comment(&ticket, "k", body).await.unwrap();
        let held = outside.tickets().remove(number as usize - 1);
        assert!(held.title.starts_with("pump \"1\" <wears> & \u{1f527} out"), "{}", held.title);
        let begin: String = body.chars().take(outside.longest_body() - 200).collect();
        assert!(held.body.starts_with(&begin), "the body of {number} was changed");
        assert_eq!(held.comments.len(), 1);
        let begin: String = body.chars().take(1_500).collect();
        assert!(held.comments[0].starts_with(begin.trim_end()), "the comment of {number} was changed");
    }
    assert_eq!(outside.tickets().len(), 2);
}

pub async fn another_secret(outside: &impl Outside) {
    let adapter = outside.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    outside.takes_only(outside.new_secret());
    let refused = adapter.comment(&ticket, "k", "it is hot").await;
    assert!(matches!(&refused, Err(NotTaken::Away(_))), "{refused:?}");
    outside.secret().write(&format!("{}\n{}\n", outside.new_secret(), outside.secret().read()));
    adapter.comment(&ticket, "k", "it is hot").await.unwrap();
    assert_eq!(outside.tickets().remove(0).comments.len(), 1);
}
