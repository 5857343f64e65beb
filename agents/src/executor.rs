//! On ActionApproved, begin it; on ActionStarted, do it, once; then say what came of it. A write begun before this start is never sent again.

use crate::{
    insist::{insist, reaction_id, service},
    site_tail::{SiteTail, TailError},
};
use chrono::TimeDelta;
use millwright_commands::{Ask, Command, Commands, FinishAction, StartAction, Verdict};
use millwright_domain::{
    Event, Timestamp,
    action::{Action, Order, WriteOrder},
    ids::{ActionId, EventId},
    ports::{
        clock::Clock,
        event_log::EventLog,
        write_device::{WriteDevice, WriteVerdict},
    },
    position::PartitionId,
    site::Site,
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// How long past `send_by` a write of a former run may still be on its way to the device.
const MARGIN: TimeDelta = TimeDelta::seconds(3);

pub struct Executor {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    pub devices: Arc<dyn WriteDevice>,
}

/// What the state asks the executor to do next.
enum Task {
    Begin(ActionId),
    /// Begun by a former run: nobody knows whether its bytes left.
    LookAfter(ActionId, WriteOrder, Timestamp),
}

impl Executor {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TailError> {
        let mut tail = SiteTail::at_the_end(self.log.clone(), self.partition.clone()).await?;
        for task in left_behind(&tail.site) {
            match task {
                Task::Begin(action) => self.begin(action, None, &stop).await,
                Task::LookAfter(action, order, send_by) => self.look_after(action, &order, send_by, &stop).await,
            }
        }
        loop {
            let facts = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                facts = tail.next() => facts?,
            };
            for fact in &facts {
                match &fact.event {
                    Event::ActionApproved(approved) => self.begin(approved.action, Some(fact.id), &stop).await,
                    Event::ActionStarted(started) => {
                        if let Some(order) = write_order(&tail.site, started.action) {
                            self.write(started.action, &order, started.send_by, fact.id, &stop).await;
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    async fn begin(&self, action: ActionId, because: Option<EventId>, stop: &CancellationToken) {
        self.ask(action, StartAction { action }.into(), "start", because, stop).await;
    }

    async fn write(&self, action: ActionId, order: &WriteOrder, send_by: Timestamp, because: EventId, stop: &CancellationToken) {
        let verdict = match self.devices.write_once(order, send_by).await {
            WriteVerdict::Applied { read_back } => Verdict::Completed { read_back: Some(read_back) },
            WriteVerdict::NotApplied { why } => Verdict::Failed { reason: why },
            WriteVerdict::Unknown { why } => Verdict::Unverified { reason: why },
        };
        tracing::info!(%action, signal = %order.signal, value = order.value, ?verdict, "wrote {} to {}", order.value, order.signal);
        self.ask(action, FinishAction { action, verdict }.into(), "finish", Some(because), stop).await;
    }

    async fn look_after(&self, action: ActionId, order: &WriteOrder, send_by: Timestamp, stop: &CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => return,
            () = self.clock.wall_reaches(send_by + MARGIN) => {}
        }
        let seen = match self.devices.read_back(order).await {
            Ok(value) => format!("{} reads {value} now, {} was to be written", order.signal, order.value),
            Err(why) => format!("{} cannot be read now: {why}", order.signal),
        };
        let reason = format!("millwright stopped between deciding this write and recording its end; {seen}");
        let verdict = Verdict::Unverified { reason };
        self.ask(action, FinishAction { action, verdict }.into(), "finish", None, stop).await;
    }

    async fn ask(&self, action: ActionId, command: Command, reaction: &str, because: Option<EventId>, stop: &CancellationToken) {
        let mut ask = Ask::new(service("svc-executor"), command).with_id(reaction_id(action, reaction, 0));
        ask.causation = because;
        insist(&self.commands, &*self.clock, &self.partition, ask, stop).await;
    }
}

fn write_order(site: &Site, action: ActionId) -> Option<WriteOrder> {
    let case = site.case_of_action.get(&action)?;
    match &site.case(*case).file()?.actions.get(&action)?.proposal().order {
        Order::Write(order) => Some(order.clone()),
        // The outbox delivers messages.
        Order::Message(_) => None,
    }
}

fn left_behind(site: &Site) -> Vec<Task> {
    let files = site.cases.values().filter_map(|case| case.file());
    let tasks = files.flat_map(|file| file.actions.values()).filter_map(|action| match action {
        Action::Approved { proposal, .. } => Some(Task::Begin(proposal.action)),
        Action::Started { proposal, send_by } => match &proposal.order {
            Order::Write(order) => Some(Task::LookAfter(proposal.action, order.clone(), *send_by)),
            Order::Message(_) => None,
        },
        _ => None,
    });
    tasks.collect()
}
