//! On ActionApproved, begin it; on ActionStarted, do it, once; then say what came of it. A write that another run or holder began is never sent again.

use crate::{
    insist::{insist, reaction_id, service},
    site_tail::{SiteTail, TailError},
};
use chrono::TimeDelta;
use millwright_commands::{Ask, Command, Commands, FinishAction, StartAction, Verdict};
use millwright_domain::{
    Event, Timestamp,
    action::{Action, Order, Proposal, WriteOrder},
    case::ActionStarted,
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
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long past `send_by` a write of a former run may still be on its way to the device.
const MARGIN: TimeDelta = TimeDelta::seconds(3);

/// Runs on every node; each does what concerns the devices that it holds.
pub struct Executor {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    pub devices: Arc<dyn WriteDevice>,
    /// Told whenever this node has taken a device: there may be actions on it that nobody could begin, or that a former holder left open.
    pub taken: Arc<Notify>,
}

/// What the state asks the executor to do next.
enum Task {
    Begin(ActionId),
    /// Begun by a former run or holder: nobody knows whether its bytes left.
    LookAfter(ActionId, WriteOrder, Timestamp),
}

impl Executor {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TailError> {
        let mut tail = SiteTail::at_the_end(self.log.clone(), self.partition.clone()).await?;
        // Whatever stands open at the start was begun by a former run, even if that held the device under the same epoch.
        self.work_off(left_behind(&tail.site, &*self.devices, |_, _| true), &stop).await;
        loop {
            let facts = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = self.taken.notified() => {
                    // The assignment is among these, and behind everything that a former holder began. What we began ourselves is, too.
                    let facts = tail.facts_up_to_now().await?;
                    self.work_off(left_behind(&tail.site, &*self.devices, |begun, held| begun < held), &stop).await;
                    facts
                }
                facts = tail.next() => facts?,
            };
            for fact in &facts {
                match &fact.event {
                    Event::ActionApproved(approved) if is_ours(&tail.site, approved.action, &*self.devices) => {
                        self.begin(approved.action, Some(fact.id), &stop).await;
                    }
                    Event::ActionStarted(started) => {
                        if let Some((order, epoch)) = write_to_send(&tail.site, started, &*self.devices) {
                            self.write(started, &order, epoch, fact.id, &stop).await;
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    async fn work_off(&self, tasks: Vec<Task>, stop: &CancellationToken) {
        for task in tasks {
            match task {
                Task::Begin(action) => self.begin(action, None, stop).await,
                Task::LookAfter(action, order, send_by) => self.look_after(action, &order, send_by, stop).await,
            }
        }
    }

    async fn begin(&self, action: ActionId, because: Option<EventId>, stop: &CancellationToken) {
        self.ask(action, StartAction { action }.into(), "start", because, stop).await;
    }

    async fn write(&self, started: &ActionStarted, order: &WriteOrder, epoch: u64, because: EventId, stop: &CancellationToken) {
        let action = started.action;
        let verdict = match self.devices.write_once(order, epoch, started.send_by).await {
            WriteVerdict::Applied { read_back } => Verdict::Completed { read_back: Some(read_back) },
            WriteVerdict::NotApplied { why } => Verdict::Failed { reason: why },
            WriteVerdict::Unknown { why } => Verdict::Unverified { reason: why },
        };
        tracing::info!(%action, signal = %order.signal, value = order.value, ?verdict, "wrote {} to {}", order.value, order.signal);
        self.ask(action, FinishAction { action, verdict }.into(), "finish", Some(because), stop).await;
    }

    async fn look_after(&self, action: ActionId, order: &WriteOrder, send_by: Timestamp, stop: &CancellationToken) {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = self.clock.wall_reaches(send_by + MARGIN) => {}
        }
        let seen = match self.devices.read_back(order).await {
            Ok(value) => format!("{} reads {value} now, {} was to be written", order.signal, order.value),
            Err(why) => format!("{} cannot be read now: {why}", order.signal),
        };
        let reason =
            format!("millwright stopped, or its device went to another collector, between deciding this write and recording its end; {seen}");
        let verdict = Verdict::Unverified { reason };
        self.ask(action, FinishAction { action, verdict }.into(), "finish", None, stop).await;
    }

    async fn ask(&self, action: ActionId, command: Command, reaction: &str, because: Option<EventId>, stop: &CancellationToken) {
        let mut ask = Ask::new(service("svc-executor"), command).with_id(reaction_id(action, reaction, 0));
        ask.causation = because;
        insist(&self.commands, &*self.clock, &self.partition, ask, stop).await;
    }
}

fn proposal_of(site: &Site, action: ActionId) -> Option<&Proposal> {
    let case = site.case_of_action.get(&action)?;
    Some(site.case(*case).file()?.actions.get(&action)?.proposal())
}

/// A write is begun where its device is held; a message by whoever comes first.
fn is_ours(site: &Site, action: ActionId, devices: &dyn WriteDevice) -> bool {
    proposal_of(site, action).is_some_and(|proposal| match &proposal.order {
        Order::Write(order) => devices.held_under(&order.device).is_some(),
        Order::Message(_) => true,
    })
}

/// The write, if its device is held here under the very assignment it was begun under. The outbox delivers messages.
fn write_to_send(site: &Site, started: &ActionStarted, devices: &dyn WriteDevice) -> Option<(WriteOrder, u64)> {
    let Order::Write(order) = &proposal_of(site, started.action)?.order else { return None };
    let epoch = started.device_epoch?;
    (devices.held_under(&order.device) == Some(epoch)).then(|| (order.clone(), epoch))
}

/// What is to be begun on the devices held here, and what was begun on them and left open. `by_a_former` judges (epoch begun under, epoch held).
fn left_behind(site: &Site, devices: &dyn WriteDevice, by_a_former: impl Fn(u64, u64) -> bool) -> Vec<Task> {
    let files = site.cases.values().filter_map(|case| case.file());
    let mut actions: Vec<&Action> = files.flat_map(|file| file.actions.values()).collect();
    // In an order that no hash decides: a run can be repeated.
    actions.sort_by_key(|action| action.proposal().action);
    let tasks = actions.into_iter().filter_map(|action| match action {
        Action::Approved { proposal, .. } => is_ours(site, proposal.action, devices).then_some(Task::Begin(proposal.action)),
        Action::Started { proposal, send_by, device_epoch } => {
            let Order::Write(order) = &proposal.order else { return None };
            let held = devices.held_under(&order.device)?;
            by_a_former(device_epoch.unwrap_or(0), held).then(|| Task::LookAfter(proposal.action, order.clone(), *send_by))
        }
        _ => None,
    });
    tasks.collect()
}
