//! A lane's writer: one thread, fed through a bounded queue, that commits everything queued at the moment as one group.

use super::failure::{Closed, storage};
use millwright_domain::ports::event_log::LogError;
use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// What a lane's thread runs.
pub(super) trait Writer: Send + 'static {
    type Job: Send + 'static;
    /// Makes the jobs durable together and answers each of them.
    fn commit(&mut self, group: Vec<Self::Job>);
    /// When something is left to do though no job comes.
    fn idles_in(&self) -> Option<Duration>;
    fn idle(&mut self);
    fn close(&mut self);
}

enum Order<J> {
    Do(J, OwnedSemaphorePermit),
    Stop,
}

/// The queue is unbounded so that `stop` never waits; the permits are what bounds it.
pub(super) struct Lane<J> {
    orders: Sender<Order<J>>,
    room: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
    place: PathBuf,
}

impl<J> Lane<J> {
    pub(super) fn start(name: &str, place: PathBuf, max_group: usize, writer: impl Writer<Job = J>) -> Result<Self, LogError>
    where
        J: Send + 'static,
    {
        let (orders, queue) = mpsc::channel();
        let max_group = max_group.max(1);
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || run(writer, &queue, max_group));
        let thread = thread.map_err(|cause| storage("start the writer's thread", &place, cause))?;
        Ok(Self { orders, room: Arc::new(Semaphore::new(max_group)), thread: Mutex::new(Some(thread)), place })
    }

    /// Queues a job and waits for its answer. `job` gets the sender that the writer answers through.
    pub(super) async fn ask<A>(&self, job: impl FnOnce(oneshot::Sender<Result<A, LogError>>) -> J) -> Result<A, LogError> {
        let closed = || storage("append", &self.place, Closed);
        let Ok(permit) = self.room.clone().acquire_owned().await else { return Err(closed()) };
        let (reply, answer) = oneshot::channel();
        if self.orders.send(Order::Do(job(reply), permit)).is_err() {
            return Err(closed());
        }
        match answer.await {
            Ok(answer) => answer,
            Err(_gone) => Err(closed()),
        }
    }

    /// Commits what is queued, then ends the thread. Calling it again does nothing.
    pub(super) fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        let asked = self.orders.send(Order::Stop).is_ok();
        if thread.join().is_err() || !asked {
            tracing::error!(place = %self.place.display(), "the log's writer ended before it was asked to");
        }
    }
}

impl<J> Drop for Lane<J> {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run<W: Writer>(mut writer: W, queue: &Receiver<Order<W::Job>>, max_group: usize) {
    while let Some(first) = next(&mut writer, queue) {
        let mut group = vec![first.0];
        let mut permits = vec![first.1];
        let mut stopping = false;
        while group.len() < max_group && !stopping {
            match queue.try_recv() {
                Ok(Order::Do(job, permit)) => {
                    group.push(job);
                    permits.push(permit);
                }
                Ok(Order::Stop) => stopping = true,
                Err(_empty_or_gone) => break,
            }
        }
        writer.commit(group);
        if stopping {
            break;
        }
    }
    writer.close();
}

/// The next job; `None` when it is time to stop.
fn next<W: Writer>(writer: &mut W, queue: &Receiver<Order<W::Job>>) -> Option<(W::Job, OwnedSemaphorePermit)> {
    loop {
        let order = match writer.idles_in() {
            Some(rest) => queue.recv_timeout(rest),
            None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match order {
            Ok(Order::Do(job, permit)) => return Some((job, permit)),
            Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => writer.idle(),
        }
    }
}
