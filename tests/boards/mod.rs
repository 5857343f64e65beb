//! A site's tasks and a Trello board: what people do there counts as their click would, once, and for the result that they saw.

mod any_order;

use crate::house::House;
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_agents::{
    boarding::{BoardDesk, BoardPoll, CardReader},
    clerk::Clerk,
    outbox::Outbox,
};
use millwright_commands::{ClaimTask, DeliverTask, FileTask, JoinCrew, QueueTask, ReceiveCard, SendBackTask};
use millwright_domain::{
    Event,
    board::CardDeed,
    effect::EffectWanted,
    ids::{CommandId, SiteId, TaskId, derived},
    ports::{
        messenger::{Messenger, NotTaken},
        task_board::{CardChange, OutsideCard, TaskBoard},
    },
    priority::Priority,
    site::Site,
    task::{Origin, Stage, Step, TaskSpec, task_of},
};
use millwright_infra::{
    boards::{BoardSettings, Boards},
    outward::{Outward, OutwardSettings},
};
use millwright_standin::trello::TrelloServer;
use std::{error::Error, path::Path, sync::Arc, time::Duration};
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;

const LISTS: [(Stage, &str); 7] = [
    (Stage::Backlog, "Backlog"),
    (Stage::Pending, "Sprint"),
    (Stage::Active, "In progress"),
    (Stage::Review, "Review"),
    (Stage::Done, "Done"),
    (Stage::Blocked, "Blocked"),
    (Stage::Failed, "Failed"),
];
const AGENT: &str = "agent-coder";

/// Whoever moves a card is the person of that name.
struct ByName;

#[async_trait]
impl CardReader for ByName {
    async fn read(&self, deed: &OutsideCard) -> Result<Option<(CommandId, ReceiveCard)>, Box<dyn Error + Send + Sync>> {
        let by = deed.account.parse().ok();
        let (task, done) = match (&deed.deed, deed.task) {
            (CardChange::Moved { to, result }, task) => {
                (task.unwrap_or_else(|| TaskId(derived(&deed.card, "card", 0))), CardDeed::Moved { to: *to, result: *result })
            }
            (CardChange::Made { title, .. }, _) => (TaskId(derived(&deed.card, "card", 0)), CardDeed::Made { spec: Box::new(spec(title)) }),
        };
        let id = CommandId(derived(&deed.delivery, "card", 0));
        Ok(Some((id, ReceiveCard { task, card: deed.card.clone(), delivery: deed.delivery.clone(), by, deed: done })))
    }
}

fn spec(title: &str) -> TaskSpec {
    TaskSpec {
        title: title.into(),
        details: None,
        needs: "any_work".parse().unwrap(),
        case: None,
        priority: Priority::Medium,
        deadline: None,
        estimated_tokens: 0,
        autonomous: false,
        labels: vec![],
        depends_on: vec![],
        origin: Origin::Person,
        checks: vec![],
    }
}

struct Plant {
    house: House,
    server: TrelloServer,
    token: std::path::PathBuf,
    stop: CancellationToken,
    running: Vec<JoinHandle<()>>,
    bell: Arc<Notify>,
}

impl Plant {
    async fn open(folder: &Path) -> Self {
        let house = House::furnished(folder).await;
        let token = folder.join("token");
        std::fs::write(&token, TrelloServer::TOKEN).unwrap();
        let server = TrelloServer::start().await.unwrap();
        let join = JoinCrew { role: "coder".parse().unwrap(), capabilities: ["any_work".parse().unwrap()].into(), at_once: 5, reports_every_s: None };
        house.ask(AGENT, join).await;
        Self { house, server, token, stop: CancellationToken::new(), running: vec![], bell: Arc::default() }
    }

    fn board(&self) -> Arc<dyn TaskBoard> {
        let settings = BoardSettings {
            board: TrelloServer::BOARD.into(),
            key: TrelloServer::KEY.into(),
            token: self.token.display().to_string(),
            api: self.server.url(),
            ..BoardSettings::default()
        };
        let outward = Outward::new(OutwardSettings { allow: vec!["127.0.0.1".into()], timeout_s: 20 }).unwrap();
        Arc::new(settings.board("demo", outward).unwrap())
    }
    fn messenger(&self) -> Arc<dyn Messenger> {
        let mut boards = Boards::default();
        boards.add("demo".parse().unwrap(), self.board());
        Arc::new(boards)
    }

    fn run_with(&mut self, messenger: Arc<dyn Messenger>, folder: &Path) {
        let House { log, clock, commands, site: partition, .. } = &self.house;
        let (log, clock, commands, partition) = (log.clone(), clock.clone(), commands.clone(), partition.clone());
        let site: SiteId = "demo".parse().unwrap();
        let clerk = Clerk {
            log: log.clone(),
            commands: commands.clone(),
            clock: clock.clone(),
            partition: partition.clone(),
            name: "svc-boards",
            desk: BoardDesk::new(&site),
        };
        let outbox = Outbox { log, commands: commands.clone(), clock: clock.clone(), partition: partition.clone(), messenger, tally: Arc::default() };
        let poll = BoardPoll {
            commands,
            clock,
            partition,
            board: self.board(),
            reader: Arc::new(ByName),
            checkpoint: folder.join("board.json"),
            every: TimeDelta::seconds(5),
            bell: self.bell.clone(),
        };
        self.stop = CancellationToken::new();
        let (one, two, three) = (self.stop.clone(), self.stop.clone(), self.stop.clone());
        self.running = vec![
            tokio::spawn(async move { clerk.run(one).await.unwrap() }),
            tokio::spawn(async move { outbox.run(two).await.unwrap() }),
            tokio::spawn(async move { poll.run(three).await.unwrap() }),
        ];
    }

    async fn killed(&mut self) {
        for running in self.running.drain(..) {
            running.abort();
            drop(running.await);
        }
    }

    async fn site(&self) -> Site {
        let mut site = Site::default();
        self.house.facts().await.iter().for_each(|fact| site.evolve_recorded(fact));
        site
    }

    /// What both sides say of each task: its stage, and the list of its card; archived is `None`.
    async fn both(&self) -> (Site, Vec<(TaskId, Stage, Vec<Option<String>>)>) {
        let site = self.site().await;
        let cards = self.server.cards();
        let of = |id: TaskId| {
            let marked = cards.iter().filter(move |card| card.desc.contains(&format!("task={id}")));
            marked.map(|card| (!card.closed).then(|| self.server.list_name(&card.list).unwrap_or_else(|| "elsewhere".into()))).collect()
        };
        let told = site.crew.tasks.iter().map(|(id, task)| (*id, task.stage, of(*id))).collect();
        (site, told)
    }

    /// Until it has asked the board once more.
    async fn reads_the_board(&self) {
        let asked = || self.server.faults.count("GET", &format!("boards/{}/actions", TrelloServer::BOARD));
        let (limit, before) = (tokio::time::Instant::now() + Duration::from_secs(60), asked());
        while asked() == before {
            assert!(tokio::time::Instant::now() < limit, "nobody asks the board");
            self.house.later(TimeDelta::seconds(5));
            self.bell.notify_one();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn agree(&self, wanted: impl Fn(&Site) -> bool) {
        let limit = tokio::time::Instant::now() + Duration::from_secs(60);
        let mut calm = 0;
        loop {
            self.house.later(TimeDelta::seconds(5));
            self.bell.notify_one();
            tokio::time::sleep(Duration::from_millis(15)).await;
            let (site, told) = self.both().await;
            let right = |(_, stage, lists): &(TaskId, Stage, Vec<Option<String>>)| {
                let list = LISTS.iter().find(|(known, _)| known == stage).map(|(_, name)| (*name).to_string());
                *lists == [list] || (lists.is_empty() && stage.is_over())
            };
            let is_so = site.outgoing.is_empty() && wanted(&site) && told.iter().all(right);
            calm = if is_so { calm + 1 } else { 0 };
            if calm >= 3 {
                return;
            }
            assert!(tokio::time::Instant::now() < limit, "they do not agree: {told:#?}\n{:#?}", self.house.story().await);
        }
    }

    async fn file(&self, number: u32) -> TaskId {
        let task = TaskId(derived("boards", "task", number));
        self.house.ask("ann", FileTask { task, spec: spec(&format!("look at pump-{number}")), queue: false }).await;
        task
    }
    fn card(&self, task: TaskId) -> Option<String> {
        self.server.cards().into_iter().find(|card| card.desc.contains(&format!("task={task}"))).map(|card| card.id)
    }
    fn moves(&self, task: TaskId, list: &str) {
        if let Some(card) = self.card(task) {
            self.server.person_moves(&card, "ann", &self.server.list_named(list));
        }
    }
    async fn stops(mut self) {
        self.stop.cancel();
        for running in self.running.drain(..) {
            running.await.unwrap();
        }
        assert_every_move_is_in_the_table(&self.house).await;
    }
}

async fn assert_every_move_is_in_the_table(house: &House) {
    let mut stages = std::collections::BTreeMap::new();
    for fact in house.facts().await {
        let Some(task) = task_of(&fact.event) else { continue };
        let step = match &fact.event {
            Event::TaskFiled(_) => {
                stages.insert(task, Stage::Backlog);
                continue;
            }
            Event::TaskQueued(_) => Step::Queue,
            Event::TaskClaimed(_) => Step::Claim,
            Event::LeaseRenewed(_) => Step::Renew,
            Event::LeaseLost(_) => Step::LoseLease,
            Event::TaskDelivered(_) => Step::Deliver,
            Event::ResultTested(_) => Step::Test,
            Event::TaskAccepted(_) => Step::Accept,
            Event::TaskSentBack(_) => Step::SendBack,
            Event::TaskBlocked(_) => Step::Block,
            Event::TaskUnblocked(_) => Step::Unblock,
            Event::TaskFailed(_) => Step::Fail,
            Event::TaskReverted(_) => Step::Revert,
            _ => continue,
        };
        let stage = stages.get_mut(&task).expect("filed first");
        *stage = stage.after(step).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_card_is_a_task_and_a_move_that_is_refused_goes_back_with_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let mut plant = Plant::open(folder.path()).await;
    plant.run_with(plant.messenger(), folder.path());
    let task = plant.file(1).await;
    plant.agree(|_| true).await;
    plant.moves(task, "Sprint");
    plant.agree(|site| site.crew.tasks[&task].stage == Stage::Pending).await;
    let card = plant.card(task).unwrap();
    plant.moves(task, "Done");
    plant.agree(|_| true).await;
    assert_eq!(plant.site().await.crew.tasks[&task].stage, Stage::Pending, "nobody accepts what nobody delivered");
    let said = plant.server.comments(&card);
    assert!(said.len() == 1 && said[0].contains("cannot go from PENDING to DONE"), "{said:?}");
    let made = plant.server.person_makes("ann", &plant.server.list_named("Backlog"), "grease the fan", "");
    let of_card = TaskId(derived(&made, "card", 0));
    plant.agree(|site| site.crew.tasks.contains_key(&of_card)).await;
    assert_eq!(plant.server.cards().len(), 2, "her card is the task's");
    plant.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_accepted_by_its_card_and_a_newer_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut plant = Plant::open(folder.path()).await;
    plant.run_with(plant.messenger(), folder.path());
    let task = plant.file(1).await;
    let at_work = async |plant: &Plant, fence| {
        plant.house.ask(AGENT, ClaimTask { task: Some(task), lease_s: 3_600 }).await;
        plant.house.ask(AGENT, DeliverTask { task, fence, result: format!("try {fence}") }).await;
    };
    plant.house.ask("ann", QueueTask { task, why: None }).await;
    at_work(&plant, 1).await;
    plant.agree(|site| site.crew.tasks[&task].stage == Stage::Review).await;
    // While nobody listens she accepts the first result; at the page it was sent back, and there is another.
    plant.killed().await;
    plant.moves(task, "Done");
    plant.house.ask("bob", SendBackTask { task, fence: 1, note: None }).await;
    at_work(&plant, 2).await;
    plant.run_with(plant.messenger(), folder.path());
    plant.agree(|site| site.crew.tasks[&task].stage == Stage::Review).await;
    let said = plant.server.comments(&plant.card(task).unwrap());
    assert!(said.len() == 1 && said[0].contains("look at it again"), "{said:?}");
    plant.moves(task, "Done");
    plant.agree(|site| site.crew.tasks[&task].stage == Stage::Done).await;
    plant.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_did_before_the_board_was_asked_for_the_first_time_counts() {
    let folder = tempfile::tempdir().unwrap();
    let mut plant = Plant::open(folder.path()).await;
    let wish = plant.server.person_makes("ann", &plant.server.list_named("Backlog"), "grease the fan", "");
    plant.server.person_moves(&wish, "ann", &plant.server.list_named("Sprint"));
    plant.run_with(plant.messenger(), folder.path());
    let task = TaskId(derived(&wish, "card", 0));
    plant.agree(|site| site.crew.tasks.get(&task).is_some_and(|task| task.stage == Stage::Pending)).await;
    assert_eq!(plant.server.cards().len(), 1);
    plant.stops().await;
}

/// Delivers, and never says so.
struct NeverEnds(Arc<dyn Messenger>, Arc<Notify>);

#[async_trait]
impl Messenger for NeverEnds {
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken> {
        self.0.deliver(effect).await?;
        self.1.notify_one();
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_making_a_card_and_recording_it_no_second_one_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let mut plant = Plant::open(folder.path()).await;
    let made = Arc::new(Notify::new());
    plant.run_with(Arc::new(NeverEnds(plant.messenger(), made.clone())), folder.path());
    let task = plant.file(1).await;
    tokio::time::timeout(Duration::from_secs(30), made.notified()).await.unwrap();
    plant.killed().await;
    plant.house.ask("ann", QueueTask { task, why: None }).await;
    plant.run_with(plant.messenger(), folder.path());
    plant.agree(|site| site.crew.tasks[&task].stage == Stage::Pending).await;
    assert_eq!(plant.server.cards().len(), 1);
    plant.stops().await;
}
