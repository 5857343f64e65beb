//! On ActionApproved, begin it; on ActionStarted, do it, once; then say what came of it. A write that another run or holder began is never sent again.

mod tasks;

use crate::{
    fact_tail::TailError,
    insist::{insist, reaction_id, service},
    site_tail::SiteTail,
};
use chrono::TimeDelta;
use millwright_commands::{Ask, Commands, FinishAction, NO_FRESH_READING, StartAction, Verdict};
use millwright_domain::{
    Event, Timestamp,
    envelope::Answer,
    ids::{ActionId, EventId},
    ports::{
        clock::Clock,
        event_log::EventLog,
        write_device::{WriteDevice, WriteVerdict, Written},
    },
    position::PartitionId,
    site::Site,
};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};
use tasks::{Open, Task, is_ours_to_begin, left_behind, write_to_send};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long past `send_by` a write of a former run may still be on its way to the device.
const MARGIN: TimeDelta = TimeDelta::seconds(3);

/// A device that has just changed hands soon has a fresh reading; one that is ill is asked about ever more rarely.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(2);
const LONGEST_PAUSE: TimeDelta = TimeDelta::seconds(16);

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

/// What one run of the executor knows beside the state.
#[derive(Default)]
struct Known {
    /// Begun actions that this run has written or looked after.
    seen_to: HashSet<ActionId>,
    /// Approved actions that could not begin yet.
    waiting: BTreeMap<ActionId, Waiting>,
}

struct Waiting {
    until: Timestamp,
    pause: TimeDelta,
}

impl Executor {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TailError> {
        let mut tail = SiteTail::at_the_end(self.log.clone(), self.partition.clone()).await?;
        let mut known = Known::default();
        for task in left_behind(&tail.site, &*self.devices) {
            match task {
                Task::Begin(action) => self.begin(action, None, &mut known, &stop).await,
                // Begun by a former run, even if that held the device under the same epoch.
                Task::End(open) => self.look_after(open, &mut known, &stop).await,
            }
        }
        loop {
            let facts = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = self.taken.notified() => {
                    // The assignment is among these, and behind everything that a former holder began.
                    let facts = tail.facts_up_to_now().await?;
                    self.work_off(left_behind(&tail.site, &*self.devices), &mut known, &stop).await;
                    facts
                }
                () = self.reached(known.waiting.values().map(|waiting| waiting.until).min()) => {
                    self.begin_again(&tail.site, &mut known, &stop).await;
                    continue;
                }
                facts = tail.next() => facts?,
            };
            for fact in &facts {
                match &fact.event {
                    Event::ActionApproved(approved) if is_ours_to_begin(&tail.site, approved.action, &*self.devices) => {
                        self.begin(approved.action, Some(fact.id), &mut known, &stop).await;
                    }
                    Event::ActionStarted(started) => {
                        if let Some(open) = write_to_send(&tail.site, started, &*self.devices) {
                            self.write(open, Some(fact.id), &mut known, &stop).await;
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// What stands open on devices of which some were taken just now.
    async fn work_off(&self, tasks: Vec<Task>, known: &mut Known, stop: &CancellationToken) {
        for task in tasks {
            match task {
                Task::Begin(action) => self.begin(action, None, known, stop).await,
                Task::End(open) if open.begun_under < open.held_under => self.look_after(open, known, stop).await,
                // Begun between the assignment and the taking: nobody but this run could have written it.
                Task::End(open) if open.begun_under == open.held_under => self.write(open, None, known, stop).await,
                Task::End(_begun_by_the_next_holder) => {}
            }
        }
    }

    async fn begin(&self, action: ActionId, because: Option<EventId>, known: &mut Known, stop: &CancellationToken) {
        let mut ask = Ask::new(service("svc-executor"), StartAction { action }).with_id(reaction_id(action, "start", 0));
        ask.causation = because;
        if self.must_wait(ask, stop).await {
            let first = Waiting { until: self.clock.now().wall + FIRST_PAUSE, pause: FIRST_PAUSE };
            known.waiting.entry(action).or_insert(first);
        }
    }

    /// Tries what is due. It ends: an approval that waits for too long is void.
    async fn begin_again(&self, site: &Site, known: &mut Known, stop: &CancellationToken) {
        let now = self.clock.now().wall;
        let due = known.waiting.extract_if(.., |_, waiting| waiting.until <= now).collect::<Vec<_>>();
        for (action, Waiting { pause, .. }) in due {
            if !is_ours_to_begin(site, action, &*self.devices) {
                continue;
            }
            // An id that was refused is refused for ever. That an action begins only once does not rest on the id.
            let id = reaction_id(format_args!("{action}/{}", now.micros()), "start", 0);
            if self.must_wait(Ask::new(service("svc-executor"), StartAction { action }).with_id(id), stop).await {
                let pause = (pause * 2).min(LONGEST_PAUSE);
                known.waiting.insert(action, Waiting { until: self.clock.now().wall + pause, pause });
            }
        }
    }

    /// Asks to begin, and says whether it could not be judged yet.
    async fn must_wait(&self, ask: Ask, stop: &CancellationToken) -> bool {
        let answered = insist(&self.commands, &*self.clock, &self.partition, ask, stop).await;
        matches!(answered.map(|answered| answered.answer), Some(Answer::Refused { code, .. }) if code == NO_FRESH_READING)
    }

    /// Once in this run, and never after `send_by`: the device sees to that.
    async fn write(&self, open: Open, because: Option<EventId>, known: &mut Known, stop: &CancellationToken) {
        let Open { action, order, send_by, begun_under, .. } = open;
        if !known.seen_to.insert(action) {
            return;
        }
        let Written { verdict, sent } = self.devices.write_once(&order, begun_under, send_by).await;
        let verdict = match verdict {
            WriteVerdict::Applied { read_back } => Verdict::Completed { read_back: Some(read_back) },
            WriteVerdict::NotApplied { why } => Verdict::Failed { reason: why },
            WriteVerdict::Unknown { why } => Verdict::Unverified { reason: why },
        };
        tracing::info!(%action, signal = %order.signal, value = order.value, ?verdict, "wrote {} to {}", order.value, order.signal);
        self.finish(FinishAction { action, verdict, sent }, because, stop).await;
    }

    /// Begun by a former run or holder: nobody knows whether its bytes left.
    async fn look_after(&self, open: Open, known: &mut Known, stop: &CancellationToken) {
        let Open { action, order, send_by, .. } = open;
        if !known.seen_to.insert(action) {
            return;
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = self.clock.wall_reaches(send_by + MARGIN) => {}
        }
        let seen = match self.devices.read_back(&order).await {
            Ok(value) => format!("{} reads {value} now, {} was to be written", order.signal, order.value),
            Err(why) => format!("{} cannot be read now: {why}", order.signal),
        };
        let reason =
            format!("millwright stopped, or its device went to another collector, between deciding this write and recording its end; {seen}");
        self.finish(FinishAction { action, verdict: Verdict::Unverified { reason }, sent: None }, None, stop).await;
    }

    async fn finish(&self, finish: FinishAction, because: Option<EventId>, stop: &CancellationToken) {
        let id = reaction_id(finish.action, "finish", 0);
        let mut ask = Ask::new(service("svc-executor"), finish).with_id(id);
        ask.causation = because;
        insist(&self.commands, &*self.clock, &self.partition, ask, stop).await;
    }

    async fn reached(&self, time: Option<Timestamp>) {
        match time {
            Some(time) => self.clock.wall_reaches(time).await,
            None => std::future::pending().await,
        }
    }
}
