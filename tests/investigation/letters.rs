//! Whoever watches the crew's letters sees what the conductor asked about a case and what each answered.

use crate::{
    dispatcher::{diagnosis, open_case},
    house::House,
};
use millwright_agents::{
    cast::{Crew, cartographer::Cartographer, watchman::Watchman, weaver::PlainWeaver},
    conductor::Conductor,
};
use millwright_commands::JoinCrew;
use millwright_domain::{
    Event,
    letter::{Addressee, LetterKind, LetterSent},
};
use millwright_projections::Projections;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

fn join() -> JoinCrew {
    JoinCrew { role: "advisor".parse().unwrap(), capabilities: ["look_into_cases".parse().unwrap()].into(), at_once: 1, reports_every_s: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_and_answered_about_a_case_are_letters_of_those_who_are_on_the_crew() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    // The cartographer is asked as well, and is not on the crew.
    for agent in ["svc-conductor", "svc-watchman", "svc-weaver"] {
        house.ask(agent, join()).await;
    }
    let projections = Projections::open(&folder.path().join("shown")).await.unwrap();
    let conductor = Conductor {
        log: house.log.clone(),
        commands: house.commands.clone(),
        clock: house.clock.clone(),
        partition: house.site.clone(),
        projections,
        crew: Crew { members: vec![Arc::new(Watchman), Arc::new(Cartographer)], writer: Arc::new(PlainWeaver) },
    };
    let stop = CancellationToken::new();
    let running = tokio::spawn(conductor.run(stop.clone()));
    let case = open_case(&house).await;
    house.ask("svc-diagnosis", diagnosis(case, "bearing_wear", &[])).await;
    house.until(|story| story.iter().filter(|fact| *fact == "LetterSent").count() >= 3).await;
    stop.cancel();
    running.await.unwrap().unwrap();
    let facts = house.facts().await;
    let letters: Vec<LetterSent> =
        facts.into_iter().filter_map(|fact| if let Event::LetterSent(sent) = fact.event { Some(sent) } else { None }).collect();
    assert!(letters.iter().all(|letter| letter.case == Some(case)), "{letters:?}");
    let [question, answers @ ..] = &letters[..] else { panic!("nothing was written") };
    assert_eq!((&question.to, question.kind, question.from.as_str()), (&Addressee::Everyone, LetterKind::Question, "svc-conductor"));
    assert!(question.body.contains("pump-1: bearing wear"), "{}", question.body);
    let from: Vec<&str> = answers.iter().map(|letter| letter.from.as_str()).collect();
    assert_eq!(from, ["svc-watchman", "svc-weaver"]);
    assert!(answers.iter().all(|letter| letter.in_reply_to == Some(question.letter) && !letter.body.is_empty()), "{answers:?}");
    house.close().await;
}
