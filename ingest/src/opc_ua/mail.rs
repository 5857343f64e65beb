//! Where the library puts what the subscriptions tell, until somebody takes it.

use opcua::{
    client::{MonitoredItemMap, OnSubscriptionNotificationCore},
    types::{DataChangeNotification, DataValue, NotificationMessage, StatusChangeNotification, StatusCode},
};
use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::time::Instant;

/// Values that may wait here while something else is asked. More means that something is wrong.
const MOST_WAITING: usize = 200_000;

/// Everything that came, in its order. Shared with the library's callbacks.
#[derive(Clone, Default)]
pub(super) struct Mail(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    notes: Vec<Note>,
    values: usize,
    is_flooded: bool,
}

/// One message of one subscription. Without content it only says that the server is there.
pub(super) struct Note {
    /// The place of the subscription.
    pub subscription: usize,
    pub number: u32,
    pub at: Instant,
    pub content: Vec<Content>,
}

pub(super) enum Content {
    /// Each with the handle of its monitored item.
    Values(Vec<(u32, DataValue)>),
    Ended(StatusCode),
    /// Nothing that was asked for.
    Unknown,
}

impl Mail {
    /// What came since the last time; `Err` if it was more than can be kept.
    pub(super) fn take(&self) -> Result<Vec<Note>, &'static str> {
        let waiting = mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if waiting.is_flooded { Err("the server told more than can be taken in") } else { Ok(waiting.notes) }
    }

    pub(super) fn letterbox(&self, subscription: usize) -> Letterbox {
        Letterbox { subscription, mail: self.clone() }
    }
}

pub(super) struct Letterbox {
    subscription: usize,
    mail: Mail,
}

impl OnSubscriptionNotificationCore for Letterbox {
    fn on_subscription_notification(&mut self, message: NotificationMessage, _items: MonitoredItemMap<'_>) {
        let mut content = vec![];
        let mut values = 0;
        for told in message.notification_data.unwrap_or_default() {
            if let Some(changes) = told.inner_as::<DataChangeNotification>() {
                let changes = changes.monitored_items.iter().flatten().map(|item| (item.client_handle, item.value.clone()));
                let changes: Vec<_> = changes.collect();
                values += changes.len();
                content.push(Content::Values(changes));
            } else if let Some(change) = told.inner_as::<StatusChangeNotification>() {
                content.push(Content::Ended(change.status));
            } else {
                content.push(Content::Unknown);
            }
        }
        let mut waiting = self.mail.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.values += values + 1;
        waiting.is_flooded |= waiting.values > MOST_WAITING;
        if !waiting.is_flooded {
            waiting.notes.push(Note { subscription: self.subscription, number: message.sequence_number, at: Instant::now(), content });
        }
    }
}
