//! No write twice: at most one for each begun action, not after its time, and none once the action has ended.

use super::Invariant;
use crate::trace::Step;
use chrono::TimeDelta;
use millwright_domain::{
    Event, Timestamp,
    action::{Order, WriteOrder},
    ids::ActionId,
};
use std::collections::BTreeMap;

/// What clocks may differ by, and bytes be under way for.
const MARGIN: TimeDelta = TimeDelta::seconds(3);

#[derive(Default)]
pub struct NoWriteTwice {
    orders: BTreeMap<ActionId, WriteOrder>,
    begun: Vec<Begun>,
}

struct Begun {
    action: ActionId,
    order: WriteOrder,
    send_by: Timestamp,
    epoch: Option<u64>,
    written: bool,
}

impl Invariant for NoWriteTwice {
    fn name(&self) -> &'static str {
        "no write twice"
    }

    fn sees(&mut self, at: Timestamp, step: &Step) -> Result<(), String> {
        match step {
            Step::Kept { fact, .. } => {
                match &fact.event {
                    Event::ActionProposed(proposed) => {
                        if let Order::Write(order) = &proposed.proposal.order {
                            self.orders.insert(proposed.proposal.action, order.clone());
                        }
                    }
                    Event::ActionStarted(started) => {
                        if let Some(order) = self.orders.get(&started.action).cloned() {
                            let (action, send_by, epoch) = (started.action, started.send_by, started.device_epoch);
                            self.begun.push(Begun { action, order, send_by, epoch, written: false });
                        }
                    }
                    _ => {}
                }
                Ok(())
            }
            Step::Written { node, order, under } => {
                let of_it = |begun: &&mut Begun| begun.order == *order && begun.epoch == *under;
                // The latest one that was begun: an older one has had its time.
                let Some(begun) = self.begun.iter_mut().rev().find(of_it) else {
                    return Err(format!("{node} wrote {} to {} under {under:?}, which was not begun so", order.value, order.signal));
                };
                if begun.written {
                    return Err(format!("{node} wrote {} to {} again for action {}", order.value, order.signal, begun.action));
                }
                begun.written = true;
                if at > begun.send_by + MARGIN {
                    return Err(format!("{node} wrote {} to {} {} late", order.value, order.signal, at.since(begun.send_by)));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
