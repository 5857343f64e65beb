//! The workers of one site, each supervised: those that every node runs, and those of the node that decides for the site.

use super::{
    Yard, boards::SiteBoard, checkpoints::Checkpointer, drops::DropReporter, health::HealthBoard, leases::Leases, looking::pictures,
    news::NewsReporter, seal::Sealer, supervise::supervise, vitals::vitals,
};
use chrono::TimeDelta;
use millwright_agents::{
    boarding::{BoardDesk, BoardPoll},
    cast::Crew,
    clerk::Clerk,
    conductor::Conductor,
    diagnosis::RuleBook,
    executor::Executor,
    feedback::Feedback,
    health_watch::{Failing, HealthWatch},
    inspector::{Inspector, Look},
    messages::MessageDesk,
    office::{Office, rules::AgentRules},
    outbox::{Outbox, Tally},
    precedent::{PastCases, Precedents},
    proposer::Proposer,
    publisher::Publisher,
    remember::Remember,
    replies::Replies,
    shredder::Shredder,
    tester::Tester,
    ticketing::{Rollups, TicketDesk},
    timekeeper::Timekeeper,
    tracer::Tracer,
    watch::{Watch, WatchSettings},
};
use millwright_commands::Commands;
use millwright_domain::{
    ids::{NodeId, SiteId},
    ports::{
        clock::Clock,
        event_log::EventLog,
        messenger::Messenger,
        page_view::{PageView, Pictures},
        traces::Traces,
        vault::Vault,
        write_device::WriteDevice,
    },
    position::PartitionId,
};
use millwright_ingest::field::Field;
use millwright_projections::Projections;
use std::{convert::Infallible, future::Future, path::PathBuf, sync::Arc, time::Duration};
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// What the workers of a site work with.
#[derive(Clone)]
pub struct Workshop {
    pub site: SiteId,
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub projections: Projections,
    pub board: HealthBoard,
    /// Where they keep their places and snapshots.
    pub places: PathBuf,
    /// Behind a worker's name where there are several sites.
    pub suffix: String,
    pub watch: WatchSettings,
    pub rules: RuleBook,
    pub crew: Crew,
    pub agent_rules: Arc<AgentRules>,
    pub seal_every_s: u32,
    pub checkpointer: Checkpointer,
    /// Whether what happens is told on a bus.
    pub publishes: bool,
    pub vault: Arc<dyn Vault>,
    /// For how long what was said to models is kept; `None`: until a person has it destroyed.
    pub keep_words: Option<TimeDelta>,
    /// Who keeps traces, and of which share of the cases.
    pub traces: Option<(Arc<dyn Traces>, f64)>,
    pub view: Arc<dyn PageView>,
    pub pictures: Arc<dyn Pictures>,
    /// Where the site's tasks are cards.
    pub task_board: Option<SiteBoard>,
    /// In seconds; 0 for never.
    pub inspect_every_s: u32,
}

/// So long the tables may take for what is on the log, before it counts that they do not move.
const TO_TAKE_IN: Duration = Duration::from_secs(20);

impl Workshop {
    pub fn new(yard: &Yard<'_>, site: &SiteId, alone: bool) -> Self {
        let Yard { settings, foundation, board, rules, crew, outside, looking, .. } = yard;
        Self {
            site: site.clone(),
            log: foundation.log.clone(),
            commands: foundation.commands.clone(),
            clock: foundation.clock.clone(),
            projections: foundation.projections.clone(),
            board: (*board).clone(),
            places: foundation.data.join("agents").join(site.as_str()),
            suffix: if alone { String::new() } else { format!(" {site}") },
            watch: settings.watch(),
            rules: (*rules).clone(),
            crew: crew.crew(site, foundation),
            agent_rules: crew.rules.clone(),
            seal_every_s: settings.log.seal_every_s,
            checkpointer: yard.auditing.checkpointer(PartitionId::site(site)),
            publishes: settings.mqtt.is_on(),
            vault: foundation.vault.clone(),
            keep_words: keep_words(settings.models.keep_words_days),
            traces: outside.traces.clone().map(|traces| (traces, settings.telemetry.share)),
            view: (*looking).clone(),
            pictures: Arc::new(pictures(settings)),
            task_board: outside.boards.site(site),
            inspect_every_s: settings.inspection.every_s,
        }
    }

    /// Every node watches: what it finds it asks for under ids that depend on the finding alone, so what two nodes find is decided once.
    pub fn monitor(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("monitor", stop, move || {
            let Workshop { site, log, commands, clock, rules, watch, places, .. } = shop.clone();
            Watch { log, commands, clock, site, rules, settings: watch, snapshot: places.join("monitor.json") }.run(stop_it.clone())
        })
    }

    /// Every node executes, on the devices that it holds.
    pub fn executor(&self, devices: Arc<dyn WriteDevice>, taken: Arc<Notify>, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("executor", stop, move || {
            let (partition, devices, taken) = (shop.partition(), devices.clone(), taken.clone());
            let Workshop { log, commands, clock, .. } = shop.clone();
            Executor { log, commands, clock, partition, devices, taken }.run(stop_it.clone())
        })
    }

    pub fn leases(&self, node: NodeId, field: Arc<Field>, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("leases", stop, move || {
            let leases = Leases { log: shop.log.clone(), partition: shop.partition(), node: node.clone(), field: field.clone() };
            leases.run(stop_it.clone())
        })
    }

    pub fn drop_reporter(&self, field: Arc<Field>, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("drop reporter", stop, move || {
            let (partition, field) = (shop.partition(), field.clone());
            let Workshop { commands, clock, .. } = shop.clone();
            DropReporter { commands, clock, partition, field }.run(stop_it.clone())
        })
    }

    pub fn news_reporter(&self, field: Arc<Field>, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("news reporter", stop, move || {
            let (partition, field) = (shop.partition(), field.clone());
            let Workshop { commands, clock, .. } = shop.clone();
            NewsReporter { commands, clock, partition, field }.run(stop_it.clone())
        })
    }

    /// Health checks of the devices that are held here, and their collectors begun anew.
    pub fn supervisor(&self, field: Arc<Field>, stop: &CancellationToken) -> JoinHandle<()> {
        let stop_it = stop.clone();
        self.supervised("supervisor of collectors", stop, move || {
            let (field, stop) = (field.clone(), stop_it.clone());
            async move {
                field.supervise(stop).await;
                Ok::<(), Infallible>(())
            }
        })
    }

    pub fn proposer(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("proposer", stop, move || {
            let partition = shop.partition();
            let Workshop { log, commands, clock, places, .. } = shop.clone();
            Proposer { log, commands, clock, partition, checkpoint: places.join("proposer.json") }.run(stop_it.clone())
        })
    }

    pub fn remember(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("memory", stop, move || {
            let partition = shop.partition();
            let Workshop { log, commands, clock, projections, .. } = shop.clone();
            Remember { log, commands, clock, partition, projections }.run(stop_it.clone())
        })
    }

    pub fn feedback(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("feedback", stop, move || {
            let partition = shop.partition();
            let Workshop { log, commands, clock, places, .. } = shop.clone();
            Feedback { log, commands, clock, partition, checkpoint: places.join("feedback.json") }.run(stop_it.clone())
        })
    }

    pub fn timekeeper(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("timekeeper", stop, move || {
            let partition = shop.partition();
            let Workshop { log, commands, clock, .. } = shop.clone();
            Timekeeper { log, commands, clock, partition }.run(stop_it.clone())
        })
    }

    pub fn tester(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("tester", stop, move || {
            let partition = shop.partition();
            let Workshop { log, commands, clock, .. } = shop.clone();
            Tester { log, commands, clock, partition }.run(stop_it.clone())
        })
    }

    pub fn sealer(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("sealer", stop, move || {
            let partition = shop.partition();
            let Workshop { log, commands, clock, seal_every_s: every_s, .. } = shop.clone();
            Sealer { log, commands, clock, partition, every_s }.run(stop_it.clone())
        })
    }

    pub fn checkpoints(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (checkpointer, stop_it) = (self.checkpointer.clone(), stop.clone());
        self.supervised("checkpoints", stop, move || checkpointer.clone().run(stop_it.clone()))
    }

    pub fn outbox(&self, messenger: Arc<dyn Messenger>, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        let tally = Arc::new(Tally::default());
        self.board.outbox(format!("messages{}", self.suffix), &tally);
        self.supervised("outbox", stop, move || {
            let (partition, messenger, tally) = (shop.partition(), messenger.clone(), tally.clone());
            let Workshop { log, commands, clock, .. } = shop.clone();
            Outbox { log, commands, clock, partition, messenger, tally }.run(stop_it.clone())
        })
    }

    pub fn message_desk(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("message desk", stop, move || {
            let (partition, precedents) = (shop.partition(), shop.precedents());
            let Workshop { log, commands, clock, .. } = shop.clone();
            Clerk { log, commands, clock, partition, name: "svc-messages", desk: MessageDesk::new(precedents) }.run(stop_it.clone())
        })
    }

    pub fn ticket_desk(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("ticket desk", stop, move || {
            let (partition, precedents) = (shop.partition(), shop.precedents());
            let Workshop { log, commands, clock, projections, .. } = shop.clone();
            let desk = TicketDesk::new(precedents, Arc::new(Rollups(projections)));
            Clerk { log, commands, clock, partition, name: "svc-tickets", desk }.run(stop_it.clone())
        })
    }

    /// Only where the site has a board: who makes cards, and who asks what people did with them.
    pub fn boards(&self, stop: &CancellationToken) -> Vec<JoinHandle<()>> {
        let Some(task_board) = self.task_board.clone() else { return vec![] };
        let (shop, stop_it) = (self.clone(), stop.clone());
        let desk = self.supervised("board desk", stop, move || {
            let (partition, desk) = (shop.partition(), BoardDesk::new(&shop.site));
            let Workshop { log, commands, clock, .. } = shop.clone();
            Clerk { log, commands, clock, partition, name: "svc-boards", desk }.run(stop_it.clone())
        });
        let (shop, stop_it) = (self.clone(), stop.clone());
        let poll = self.supervised("board poll", stop, move || {
            let (partition, checkpoint) = (shop.partition(), shop.places.join("board.json"));
            let SiteBoard { board, reader, every, bell } = task_board.clone();
            let Workshop { commands, clock, .. } = shop.clone();
            BoardPoll { commands, clock, partition, board, reader, checkpoint, every, bell }.run(stop_it.clone())
        });
        vec![desk, poll]
    }

    pub fn replies(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("replies", stop, move || {
            let partition = shop.partition();
            let Workshop { log, commands, clock, vault, rules, places, .. } = shop.clone();
            let is_only_site = shop.suffix.is_empty();
            Replies { log, commands, clock, partition, vault, rules, checkpoint: places.join("replies.json"), is_only_site }.run(stop_it.clone())
        })
    }

    pub fn health_watch(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("health watch", stop, move || {
            let partition = shop.partition();
            let Workshop { log, commands, clock, board, projections, .. } = shop.clone();
            let failing: Failing = Arc::new(move || board.failing(&projections));
            HealthWatch { log, commands, clock, partition, failing }.run(stop_it.clone())
        })
    }

    /// Only where the settings want it.
    pub fn inspector(&self, stop: &CancellationToken) -> Option<JoinHandle<()>> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        let inspected = move || {
            let Workshop { site, log, commands, clock, projections, view, pictures, inspect_every_s, .. } = shop.clone();
            let look = Look { log, clock, site, projections, view, pictures, patience: TO_TAKE_IN };
            Inspector { look, commands, every_s: inspect_every_s.into() }.run(stop_it.clone())
        };
        (self.inspect_every_s > 0).then(|| self.supervised("inspector", stop, inspected))
    }

    pub fn conductor(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("conductor", stop, move || {
            let partition = shop.partition();
            let Workshop { log, commands, clock, projections, crew, .. } = shop.clone();
            Conductor { log, commands, clock, partition, projections, crew }.run(stop_it.clone())
        })
    }

    /// The parts of Millwright that are on the crew.
    pub fn office(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("crew", stop, move || {
            let Workshop { site, log, commands, clock, projections, crew, agent_rules: rules, .. } = shop.clone();
            Office { log, commands, clock, site, projections, crew, rules, vitals: Arc::new(vitals) }.run(stop_it.clone())
        })
    }

    /// Destroys the keys to what was said to models once that is old enough.
    pub fn shredder(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("shredder", stop, move || {
            let Workshop { commands, vault, projections, clock, site, keep_words: keep, .. } = shop.clone();
            Shredder { commands, vault, projections, clock, site, keep }.run(stop_it.clone())
        })
    }

    fn precedents(&self) -> Arc<dyn Precedents> {
        Arc::new(PastCases(self.projections.clone()))
    }

    /// Only where there is a bus to publish to.
    pub fn publisher(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (shop, stop_it) = (self.clone(), stop.clone());
        self.supervised("publisher", stop, move || {
            let partition = shop.partition();
            let Workshop { log, commands, clock, .. } = shop.clone();
            Publisher { log, commands, clock, partition }.run(stop_it.clone())
        })
    }

    /// Only where somebody keeps traces.
    pub fn tracer(&self, stop: &CancellationToken) -> Option<JoinHandle<()>> {
        let (shop, stop_it, kept) = (self.clone(), stop.clone(), self.traces.clone()?);
        Some(self.supervised("tracer", stop, move || {
            let (partition, (traces, share)) = (shop.partition(), kept.clone());
            let Workshop { log, clock, places, .. } = shop.clone();
            Tracer { log, clock, partition, traces, share, checkpoint: places.join("tracer.json") }.run(stop_it.clone())
        }))
    }

    pub fn partition(&self) -> PartitionId {
        PartitionId::site(&self.site)
    }

    fn supervised<F, E>(&self, name: &str, stop: &CancellationToken, begin: impl Fn() -> F + Send + 'static) -> JoinHandle<()>
    where
        F: Future<Output = Result<(), E>> + Send,
        E: std::error::Error + Send + Sync + 'static,
    {
        supervise(format!("{name}{}", self.suffix), &self.board, self.clock.clone(), stop.clone(), begin)
    }
}

fn keep_words(days: u32) -> Option<TimeDelta> {
    (days > 0).then(|| TimeDelta::days(days.into()))
}
