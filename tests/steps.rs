//! The outbox, stopped after each of its steps and started again: every target that knows keys or can be asked has each thing once, and a chat never twice.

use crate::house::{House, subject};
use async_trait::async_trait;
use millwright_agents::outbox::Outbox;
use millwright_commands::{RaiseAlert, WantEffect};
use millwright_domain::{
    Event,
    case::{AlertRaised, Severity},
    effect::EffectWanted,
    ids::{ActorId, AssetId, CaseId, EffectId, SiteId, derived},
    message::{Channel, Message},
    ports::{
        address_book::{AddressBook, AddressBookError, Contact},
        clock::Clock,
        messenger::{Messenger, NotTaken},
    },
    ticket::{TicketText, TicketWork},
};
use millwright_infra::{
    Switchboard, SystemClock,
    messengers::{MessageSettings, Messengers, Outside},
    outward::{Outward, OutwardSettings},
    tickets::TicketSettings,
};
use millwright_standin::{github::GithubServer, standard::WebhookServer, whatsapp::WhatsappServer};
use serde_json::json;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const ANN: &str = "+491701234711";

/// Stops for ever at one of its steps: right before something leaves, or right after it was taken and before anybody hears of it.
struct Stopping {
    inner: Arc<dyn Messenger>,
    passed: AtomicUsize,
    at: usize,
    stopped: Notify,
}

impl Stopping {
    async fn step(&self) {
        if self.passed.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
            self.stopped.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Messenger for Stopping {
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken> {
        self.step().await;
        let delivered = self.inner.deliver(effect).await;
        self.step().await;
        delivered
    }
    fn knows_keys(&self, effect: &EffectWanted) -> bool {
        self.inner.knows_keys(effect)
    }
    fn breaks_with<'a>(&self, effect: &'a EffectWanted) -> &'a str {
        self.inner.breaks_with(effect)
    }
    fn at_once(&self, adapter: &str) -> usize {
        self.inner.at_once(adapter)
    }
}

struct OnlyAnn;

#[async_trait]
impl AddressBook for OnlyAnn {
    async fn contact(&self, person: &ActorId, _: Channel) -> Result<Option<Contact>, AddressBookError> {
        Ok(Some(Contact { person: person.clone(), address: ANN.into(), heard_at: Some(SystemClock.now().wall), proved: true }))
    }
    async fn whose(&self, _: &str, _: &str) -> Result<Option<Contact>, AddressBookError> {
        Ok(None)
    }
    async fn holder(&self, _: &str, _: &str) -> Result<Option<ActorId>, AddressBookError> {
        Ok(None)
    }
    async fn may_answer_for(&self, _: &ActorId, _: &SiteId) -> Result<bool, AddressBookError> {
        Ok(true)
    }
    async fn may_answer(&self, _: &ActorId, _: &SiteId, _: Option<&AssetId>) -> Result<bool, AddressBookError> {
        Ok(true)
    }
}

/// The services, and the adapters that speak to them.
struct World {
    github: GithubServer,
    whatsapp: WhatsappServer,
    receiver: WebhookServer,
    messenger: Arc<dyn Messenger>,
}

impl World {
    async fn begin(folder: &Path) -> Self {
        let (github, whatsapp, receiver) =
            (GithubServer::start().await.unwrap(), WhatsappServer::start().await.unwrap(), WebhookServer::start().await.unwrap());
        whatsapp.has(ANN.trim_start_matches('+'));
        // Nobody listens there; what counts is that she has written.
        whatsapp.writes("http://127.0.0.1:9/x", ANN.trim_start_matches('+'), "hello", None).await.unwrap_err();
        let secret = |name: &str, text: &str| {
            let place = folder.join(name);
            std::fs::write(&place, text).unwrap();
            place.display().to_string()
        };
        let tickets: TicketSettings = serde_json::from_value(json!({
            "github": { "repository": GithubServer::REPOSITORY, "token": secret("github", GithubServer::TOKEN), "api": github.url() }
        }))
        .unwrap();
        let messages: MessageSettings = serde_json::from_value(json!({
            "whatsapp": {
                "token": secret("whatsapp", WhatsappServer::TOKEN), "phone_number_id": WhatsappServer::PHONE_NUMBER_ID, "api": whatsapp.url()
            },
            "webhook": { "scada": { "url": receiver.url(), "secret": secret("scada", WebhookServer::SECRET) } }
        }))
        .unwrap();
        let outward = Outward::new(OutwardSettings { allow: vec!["127.0.0.1".into()], timeout_s: 20 }).unwrap();
        let book: Arc<dyn AddressBook> = Arc::new(OnlyAnn);
        // Receivers hold the time of a signature against their own clock.
        let clock = Arc::new(SystemClock);
        let messengers = Messengers::new(&messages, &Outside { outward: outward.clone(), book, clock }).unwrap();
        let mut board = Switchboard::default().with("tickets/github", Arc::new(tickets.desk(&outward).unwrap()));
        for (channel, messenger) in messengers.all {
            board = board.with(channel, messenger);
        }
        Self { github, whatsapp, receiver, messenger: Arc::new(board) }
    }
}

fn wanted(number: u32, target: String, body: String, case: CaseId) -> EffectWanted {
    let effect = EffectId(derived("steps", "effect", number));
    EffectWanted {
        effect,
        idempotency_key: effect.to_string(),
        target,
        subject: "steps".into(),
        body,
        case: Some(case),
        action: None,
        quotes: vec![],
    }
}

async fn want_one_of_each(house: &House) {
    let alert = AlertRaised::new("pump-1".parse().unwrap(), "drift", Severity::High);
    let raised = house.ask("svc-monitor", RaiseAlert { alert }).await;
    let case: CaseId = subject(&raised).parse().unwrap();
    let text = TicketText { title: "pump-1".into(), body: "it shakes".into(), labels: vec![], severity: Severity::High };
    let open = serde_json::to_string(&TicketWork::Open { text }).unwrap();
    let message = Message::plain("pump-1 shakes", "look at it");
    let all = [
        wanted(1, format!("tickets/github:{case}"), open, case),
        wanted(2, "webhook:scada".into(), message.body_for("webhook:scada"), case),
        wanted(3, "whatsapp:ann".into(), message.body_for("whatsapp:ann"), case),
    ];
    for wanted in all {
        house.ask("svc-test", WantEffect { wanted }).await;
    }
}

fn outbox(house: &House, messenger: Arc<dyn Messenger>) -> Outbox {
    let (log, commands, clock) = (house.log.clone(), house.commands.clone(), house.clock.clone());
    Outbox { log, commands, clock, partition: house.site.clone(), messenger, tally: Arc::default() }
}

/// How many facts of this kind there are.
async fn count(house: &House, kind: &str) -> usize {
    house.facts().await.iter().filter(|fact| fact.event.kind() == kind).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_after_any_step_and_started_again_nothing_is_sent_twice_and_what_is_not_known_is_said() {
    let mut at = 1;
    loop {
        let folder = tempfile::tempdir().unwrap();
        let house = House::furnished(&folder.path().join("house")).await;
        let world = World::begin(folder.path()).await;
        want_one_of_each(&house).await;
        let stopping = Arc::new(Stopping { inner: world.messenger.clone(), passed: AtomicUsize::new(0), at, stopped: Notify::new() });
        let running = tokio::spawn(outbox(&house, stopping.clone()).run(CancellationToken::new()));
        let all_ended = house.until(|story| story.iter().filter(|fact| ["EffectDone", "MessageUnknown"].contains(&fact.as_str())).count() == 3);
        let was_stopped = tokio::select! {
            () = stopping.stopped.notified() => true,
            _ = all_ended => false,
        };
        // Others may be under way beside the one that stopped; a program that dies takes them along.
        running.abort();
        drop(running.await);

        let stop = CancellationToken::new();
        let again = tokio::spawn(outbox(&house, world.messenger.clone()).run(stop.clone()));
        house.until(|story| story.iter().filter(|fact| ["EffectDone", "MessageUnknown"].contains(&fact.as_str())).count() == 3).await;
        stop.cancel();
        again.await.unwrap().unwrap();

        assert_eq!(world.github.issues().len(), 1, "stopped at step {at}");
        assert_eq!(count(&house, "TicketOpened").await, 1, "stopped at step {at}");
        assert_eq!(world.receiver.taken().len(), 1, "stopped at step {at}");
        let (sent, unknown) = (world.whatsapp.sent().len(), count(&house, "MessageUnknown").await);
        assert!(sent == 1 || (sent == 0 && unknown == 1), "stopped at step {at}: sent {sent}, unknown {unknown}");
        let facts = house.facts().await;
        let attempts = facts.iter().filter(|fact| matches!(&fact.event, Event::EffectAttempted(_))).count();
        assert_eq!(attempts, 3, "stopped at step {at}: an attempt that was begun is gone on with, not begun anew");
        house.close().await;
        if !was_stopped {
            assert!(at > 6, "three deliveries have six steps, this ended before step {at}");
            return;
        }
        at += 1;
    }
}
