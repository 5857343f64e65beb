//! What the ledger is to be told of the devices: gaps and alerts, each under an id that repeats, and no more than has room while it is away.

use crate::collect::silence::Noticed;
use millwright_commands::{Command, Gap, ReportGap};
use millwright_domain::{
    Timestamp,
    collecting::{CollectionResumed, DeviceAnswered, DeviceFellSilent},
    ids::{CommandId, DeviceId, derived},
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// What waits of one device may not be more; what is noticed beyond waits where it is noticed, or is told by the readings alone.
const ROOM: usize = 16;

/// Something to ask for. Under its id it is recorded once, however often it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub id: CommandId,
    pub command: Command,
    pub occurred_at: Timestamp,
}

#[derive(Debug, Default)]
pub struct News {
    board: Mutex<Board>,
    noted: Notify,
}

#[derive(Debug, Default)]
struct Board {
    waiting: Vec<(DeviceId, Item)>,
    /// Gaps that were noticed, whether they are on record yet or not.
    gaps: BTreeMap<DeviceId, u64>,
}

impl News {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is room for more of this device.
    pub fn has_room(&self, device: &DeviceId) -> bool {
        self.board().has_room(device)
    }

    pub fn noticed(&self, device: &DeviceId, epoch: u64, unit: u16, noticed: Noticed) {
        let device = device.clone();
        let gap = match noticed {
            Noticed::FellSilent { since, why } => Gap::FellSilent(DeviceFellSilent { device, epoch, unit, since, why }),
            Noticed::Answered { since, until, gaps, missed, why } => {
                *self.board().gaps.entry(device.clone()).or_default() += u64::from(gaps);
                Gap::Answered(DeviceAnswered { device, epoch, unit, since, until, gaps, missed, why })
            }
        };
        self.report(gap);
    }
    pub fn resumed(&self, resumed: CollectionResumed) {
        *self.board().gaps.entry(resumed.device.clone()).or_default() += 1;
        self.report(Gap::Resumed(resumed));
    }
    fn report(&self, gap: Gap) {
        let (cause, what, occurred_at) = match &gap {
            Gap::FellSilent(fact) => (format!("{}/{}/{}/{}", fact.device, fact.epoch, fact.unit, fact.since.micros()), "fell-silent", fact.since),
            Gap::Answered(fact) => (format!("{}/{}/{}/{}", fact.device, fact.epoch, fact.unit, fact.until.micros()), "answered", fact.until),
            Gap::Resumed(fact) => (format!("{}/{}", fact.device, fact.epoch), "resumed", fact.until),
        };
        let (device, id) = (gap.device().clone(), CommandId(derived(&cause, what, 0)));
        self.tell(device, Item { id, command: ReportGap { gap }.into(), occurred_at });
    }

    /// Waits for the ledger, unless it waits there already or there is no room.
    pub fn tell(&self, device: DeviceId, item: Item) {
        let mut board = self.board();
        if !board.has_room(&device) {
            tracing::warn!(%device, command = item.command.name(), "the ledger has been away for long; {} about {device} is not told", item.command.name());
            return;
        }
        if board.waiting.iter().all(|(_, known)| known.id != item.id) {
            board.waiting.push((device, item));
            self.noted.notify_one();
        }
    }

    /// Waits until there is something to tell. The same is given again until it is [told](Self::told).
    pub async fn items(&self) -> Vec<Item> {
        loop {
            let items: Vec<Item> = self.board().waiting.iter().map(|(_, item)| item.clone()).collect();
            if !items.is_empty() {
                return items;
            }
            self.noted.notified().await;
        }
    }
    /// That command was answered.
    pub fn told(&self, id: &CommandId) {
        self.board().waiting.retain(|(_, item)| item.id != *id);
    }
    pub fn gaps(&self, device: &DeviceId) -> u64 {
        self.board().gaps.get(device).copied().unwrap_or(0)
    }
}

impl Board {
    fn has_room(&self, device: &DeviceId) -> bool {
        self.waiting.iter().filter(|(waiting, _)| waiting == device).count() < ROOM
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> DeviceId {
        "plc-1".parse().unwrap()
    }
    fn fell(second: i64) -> Noticed {
        Noticed::FellSilent { since: Timestamp::from_secs(second), why: "timeout".into() }
    }

    #[tokio::test]
    async fn the_same_is_told_under_the_same_id_until_it_was_taken() {
        let (news, again) = (News::default(), News::default());
        for news in [&news, &again] {
            news.noticed(&device(), 3, 1, fell(10));
            news.noticed(&device(), 3, 1, fell(10));
        }
        let items = news.items().await;
        assert_eq!((items.len(), &items), (1, &again.items().await));
        news.noticed(&device(), 3, 2, fell(10));
        news.told(&items[0].id);
        let rest = news.items().await;
        assert!(rest.len() == 1 && rest[0].id != items[0].id);
    }

    #[tokio::test]
    async fn one_device_cannot_fill_the_board_while_the_ledger_is_away() {
        let news = News::default();
        (0..1_000).for_each(|second| news.noticed(&device(), 3, 1, fell(second)));
        assert!(!news.has_room(&device()) && news.has_room(&"plc-2".parse().unwrap()));
        assert_eq!(news.items().await.len(), ROOM);
    }
}
