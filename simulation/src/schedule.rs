//! What happens to the programs and to what joins them, drawn from the seed: kill, pause, cut off, broker gone, power cut, silence, hand-over.

use crate::{
    chance::Chance,
    disk::Disk,
    node::{Node, Outside},
    people::Reach,
    trace::Step,
};
use std::{
    sync::{PoisonError, atomic::Ordering},
    time::Duration,
};

pub const NAMES: [&str; 2] = ["node-a", "node-b"];

/// The programs, by place; a dead one's place is taken by its next start.
pub struct Schedule {
    pub outside: Outside,
    pub reach: Reach,
    pub disks: Vec<Disk>,
    pub starts: Vec<u32>,
    pub chance: Chance,
}

impl Schedule {
    pub fn boot(&mut self, place: usize) {
        let skew = self.chance.delta_millis(-400..400);
        let node = Node::boot(NAMES[place], self.starts[place], &self.disks[place], skew, self.outside.clone());
        self.starts[place] += 1;
        let mut reach = self.reach.lock().unwrap_or_else(PoisonError::into_inner);
        match reach.get_mut(place) {
            Some(former) => *former = node,
            None => reach.push(node),
        }
    }

    /// Faults, one after the other and sometimes one in another, for so long.
    pub async fn run(&mut self, lasts: Duration) {
        let end = tokio::time::Instant::now() + lasts;
        self.weather();
        loop {
            tokio::time::sleep(self.chance.seconds(20..150)).await;
            if tokio::time::Instant::now() >= end {
                return;
            }
            self.weather();
            self.strike().await;
        }
    }

    /// How many requests are lost or late from here on.
    fn weather(&self) {
        let weather = &self.outside.weather;
        weather.losses.store(*self.chance.one_of(&[0, 0, 2, 10, 30]), Ordering::Relaxed);
        weather.stalls.store(*self.chance.one_of(&[0, 2, 10, 40]), Ordering::Relaxed);
    }

    async fn strike(&mut self) {
        let place = self.chance.from(0..NAMES.len() as u64) as usize;
        match self.chance.from(0..10) {
            0..3 => self.kill(place).await,
            3 | 4 => self.pause(place).await,
            5 | 6 => self.cut_off(place).await,
            7 => self.broker_gone().await,
            8 => self.power_cut().await,
            _ if self.chance.per_mille(500) => self.hand_over(),
            _ => self.silence().await,
        }
    }

    fn node(&self, place: usize) -> Node {
        self.reach.lock().unwrap_or_else(PoisonError::into_inner)[place].clone()
    }
    fn note(&self, what: String) {
        self.outside.trace.push(self.outside.time.now(), Step::Fault(what));
    }

    async fn kill(&mut self, place: usize) {
        self.note(format!("{} is killed", NAMES[place]));
        self.node(place).life.kill();
        tokio::time::sleep(self.chance.seconds(0..40)).await;
        self.note(format!("{} starts again", NAMES[place]));
        self.boot(place);
    }

    async fn pause(&mut self, place: usize) {
        let node = self.node(place);
        self.note(format!("{} is paused", NAMES[place]));
        node.life.pause();
        tokio::time::sleep(self.chance.seconds(1..30)).await;
        self.note(format!("{} goes on", NAMES[place]));
        node.life.resume();
    }

    async fn cut_off(&mut self, place: usize) {
        let node = self.node(place);
        self.note(format!("{} is cut off", NAMES[place]));
        node.cut.store(true, Ordering::Relaxed);
        tokio::time::sleep(self.chance.seconds(1..40)).await;
        self.note(format!("{} is back", NAMES[place]));
        node.cut.store(false, Ordering::Relaxed);
    }

    async fn broker_gone(&mut self) {
        self.note("the broker is gone".into());
        self.outside.weather.gone.store(true, Ordering::Relaxed);
        tokio::time::sleep(self.chance.seconds(1..25)).await;
        self.note("the broker is back".into());
        self.outside.weather.gone.store(false, Ordering::Relaxed);
    }

    /// Broker and programs on one machine.
    async fn power_cut(&mut self) {
        self.note("the power is cut".into());
        (0..NAMES.len()).for_each(|place| self.node(place).life.kill());
        self.outside.store.power_cut();
        let looked = Step::Looked { ledgers: self.outside.store.all(), kept: vec![] };
        self.outside.trace.push(self.outside.time.now(), looked);
        tokio::time::sleep(self.chance.seconds(1..20)).await;
        self.note("the power is back".into());
        (0..NAMES.len()).for_each(|place| self.boot(place));
    }

    async fn silence(&mut self) {
        self.note("the devices answer nobody".into());
        self.outside.machines.silent.store(true, Ordering::Relaxed);
        tokio::time::sleep(self.chance.seconds(5..60)).await;
        self.note("the devices answer again".into());
        self.outside.machines.silent.store(false, Ordering::Relaxed);
    }

    fn hand_over(&self) {
        self.note("a share is handed over".into());
        self.outside.coordinator.rebalance();
    }

    /// The faults are over.
    pub fn calm(&self) {
        let weather = &self.outside.weather;
        weather.losses.store(0, Ordering::Relaxed);
        weather.stalls.store(0, Ordering::Relaxed);
        weather.calm.store(true, Ordering::Relaxed);
        self.note("calm".into());
    }
}
