//! Who does what, as a group of programs agrees on it: members that are heard of, shares handed over, commands queued for a share's holder.

use crate::{chance::Chance, log::Link};
use async_trait::async_trait;
use millwright_domain::{
    ids::{DeviceId, SiteId},
    ports::{
        cluster::{Cluster, Done, Forwarded, Share, Turn},
        event_log::LogError,
    },
    position::PartitionId,
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, TryRecvError, sync_channel},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// A member that is not heard of for so long is taken for dead.
const SESSION: Duration = Duration::from_secs(6);
/// Whoever gives a share back may take so long.
const HAND_OVER: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(300);
pub const BEAT_EVERY: Duration = Duration::from_secs(1);

pub const SITE: Share = Share::Deciding(0);
pub const PLATFORM: Share = Share::Deciding(1);

/// A program, by name and by how often it was started.
type Member = (&'static str, u32);

#[derive(Default)]
struct Group {
    members: BTreeMap<Member, Seat>,
    holders: BTreeMap<Share, Holder>,
    /// Commands for a share, and how many of them were handed on.
    queues: BTreeMap<Share, (Vec<Forwarded>, usize)>,
}

struct Seat {
    heard: Instant,
    turns: VecDeque<Told>,
    lost: bool,
}

/// A turn that waits for its member; the end of a release is watched.
enum Told {
    Taken(Vec<Share>),
    Released(Vec<Share>, Done),
    Lost(Vec<Share>),
    Asked(Forwarded),
}

enum Holder {
    Nobody,
    Is(Member),
    /// Gives it back; the next one waits.
    Leaves {
        done: Receiver<()>,
        until: Instant,
        next: Member,
    },
}

/// Outside of every program. Clones are one group.
#[derive(Clone)]
pub struct Coordinator {
    group: Arc<Mutex<Group>>,
    /// Whoever waits for a turn looks again.
    looked: Arc<Notify>,
    chance: Chance,
}

impl Coordinator {
    pub fn new(shares: impl IntoIterator<Item = Share>, chance: Chance) -> Self {
        let group = Group { holders: shares.into_iter().map(|share| (share, Holder::Nobody)).collect(), ..Group::default() };
        Self { group: Arc::new(Mutex::new(group)), looked: Arc::default(), chance }
    }

    /// Looks after its members for ever.
    pub async fn run(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            {
                let mut group = self.group();
                self.miss_the_silent(&mut group);
                Self::finish_hand_overs(&mut group);
                self.hand_out(&mut group);
                self.hand_on_commands(&mut group);
            }
            self.looked.notify_waiters();
        }
    }

    fn beat(&self, member: Member) {
        let mut group = self.group();
        let seat = group.members.entry(member).or_insert_with(|| Seat { heard: Instant::now(), turns: VecDeque::new(), lost: false });
        seat.heard = Instant::now();
        if std::mem::take(&mut seat.lost) {
            let all = vec![SITE, PLATFORM].into_iter().chain((1..=crate::plant::PUMPS as u32).map(Share::Collecting)).collect();
            seat.turns.clear();
            seat.turns.push_back(Told::Lost(all));
        }
    }

    fn miss_the_silent(&self, group: &mut Group) {
        let silent: Vec<Member> =
            group.members.iter().filter(|(_, seat)| seat.heard.elapsed() > SESSION && !seat.lost).map(|(member, _)| *member).collect();
        for member in silent {
            if let Some(seat) = group.members.get_mut(&member) {
                seat.lost = true;
            }
            for holder in group.holders.values_mut() {
                let is_gone = match holder {
                    Holder::Is(who) => *who == member,
                    Holder::Leaves { next, .. } => *next == member,
                    Holder::Nobody => false,
                };
                if is_gone {
                    *holder = Holder::Nobody;
                }
            }
        }
    }

    fn finish_hand_overs(group: &mut Group) {
        let over: Vec<(Share, Member)> = group
            .holders
            .iter()
            .filter_map(|(share, holder)| match holder {
                Holder::Leaves { done, until, next } => {
                    let is_done = matches!(done.try_recv(), Err(TryRecvError::Disconnected)) || Instant::now() > *until;
                    is_done.then_some((*share, *next))
                }
                Holder::Nobody | Holder::Is(_) => None,
            })
            .collect();
        for (share, next) in over {
            Self::give(group, share, next);
        }
    }

    fn give(group: &mut Group, share: Share, to: Member) {
        group.holders.insert(share, Holder::Is(to));
        if let Some(seat) = group.members.get_mut(&to) {
            seat.turns.push_back(Told::Taken(vec![share]));
        }
        // What the former holder had read and not finished is read again: commands come at least once.
        if let Some((commands, handed_on)) = group.queues.get_mut(&share) {
            *handed_on = handed_on.saturating_sub(3).min(commands.len());
        }
    }

    fn hand_out(&self, group: &mut Group) {
        let present: Vec<Member> = group.members.iter().filter(|(_, seat)| !seat.lost).map(|(member, _)| *member).collect();
        if present.is_empty() {
            return;
        }
        let orphans: Vec<Share> = group.holders.iter().filter(|(_, holder)| matches!(holder, Holder::Nobody)).map(|(share, _)| *share).collect();
        for share in orphans {
            let to = *self.chance.one_of(&present);
            Self::give(group, share, to);
        }
    }

    fn hand_on_commands(&self, group: &mut Group) {
        let Group { members, holders, queues } = group;
        for (share, (commands, handed_on)) in queues {
            let Some(Holder::Is(member)) = holders.get(share) else { continue };
            let Some(seat) = members.get_mut(member).filter(|seat| !seat.lost) else { continue };
            for command in &commands[*handed_on..] {
                seat.turns.push_back(Told::Asked(command.clone()));
                if self.chance.per_mille(50) {
                    seat.turns.push_back(Told::Asked(command.clone()));
                }
            }
            *handed_on = commands.len();
        }
    }

    /// A share goes from its holder to another member in order.
    pub fn rebalance(&self) {
        let mut group = self.group();
        let present: Vec<Member> = group.members.iter().filter(|(_, seat)| !seat.lost).map(|(member, _)| *member).collect();
        let held: Vec<(Share, Member)> =
            group.holders.iter().filter_map(|(share, holder)| if let Holder::Is(member) = holder { Some((*share, *member)) } else { None }).collect();
        if held.is_empty() || present.len() < 2 {
            return;
        }
        let (share, from) = *self.chance.one_of(&held);
        let Some(next) = present.into_iter().find(|member| *member != from) else { return };
        let (held, done) = sync_channel(1);
        group.holders.insert(share, Holder::Leaves { done, until: Instant::now() + HAND_OVER, next });
        if let Some(seat) = group.members.get_mut(&from) {
            seat.turns.push_back(Told::Released(vec![share], Done::new(held)));
        }
    }

    fn group(&self) -> MutexGuard<'_, Group> {
        self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One program's membership.
pub struct Membership {
    pub coordinator: Coordinator,
    pub member: Member,
    pub link: Link,
}

impl Membership {
    /// Lets itself be heard of for ever, as far as it can.
    pub async fn beat(&self) {
        loop {
            self.link.life.gate().await;
            if !self.link.is_cut() {
                self.coordinator.beat(self.member);
            }
            tokio::time::sleep(BEAT_EVERY).await;
        }
    }

    fn next(&self) -> Option<Told> {
        if self.link.is_cut() {
            return None;
        }
        self.coordinator.group().members.get_mut(&self.member)?.turns.pop_front()
    }
}

#[async_trait]
impl Cluster for Membership {
    fn deciding(&self, partition: &PartitionId) -> Share {
        if partition.as_site().is_some() { SITE } else { PLATFORM }
    }
    fn collecting(&self, _: &SiteId, device: &DeviceId) -> Share {
        Share::Collecting(device.as_str().rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(1))
    }
    async fn turn(&self) -> Result<Turn, LogError> {
        loop {
            self.link.life.gate().await;
            let looked = self.coordinator.looked.notified();
            if let Some(told) = self.next() {
                return Ok(match told {
                    Told::Taken(shares) => Turn::Taken(shares),
                    Told::Released(shares, until_done) => Turn::Released { shares, until_done },
                    Told::Lost(shares) => Turn::Lost(shares),
                    Told::Asked(command) => Turn::Asked(command),
                });
            }
            looked.await;
        }
    }
    async fn forward(&self, command: Forwarded) -> Result<(), LogError> {
        const DOING: &str = "forwarding a command";
        self.link.request(DOING).await?;
        let share = self.deciding(&command.partition);
        self.coordinator.group().queues.entry(share).or_default().0.push(command);
        self.link.reply(DOING).await
    }
    async fn leave(&self) {
        if let Some(seat) = self.coordinator.group().members.get_mut(&self.member) {
            seat.heard = Instant::now() - SESSION - BEAT_EVERY;
        }
    }
}
