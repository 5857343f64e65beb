//! What the state asks the executor to do: pure, on the devices that are held here.

use millwright_domain::{
    Timestamp,
    action::{Action, Order, Proposal, WriteOrder},
    case::ActionStarted,
    ids::ActionId,
    ports::write_device::WriteDevice,
    site::Site,
};

pub(super) enum Task {
    Begin(ActionId),
    /// Begun, and not ended.
    End(Open),
}

/// A write that was begun under one assignment and whose end is not on record, on a device that is held under this or another one.
pub(super) struct Open {
    pub action: ActionId,
    pub order: WriteOrder,
    pub send_by: Timestamp,
    pub begun_under: u64,
    pub held_under: u64,
}

/// What is to be begun on the devices held here, and what was begun on them and left open.
pub(super) fn left_behind(site: &Site, devices: &dyn WriteDevice) -> Vec<Task> {
    let files = site.cases.values().filter_map(|case| case.file());
    let mut actions: Vec<&Action> = files.flat_map(|file| file.actions.values()).collect();
    // In an order that no hash decides: a run can be repeated.
    actions.sort_by_key(|action| action.proposal().action);
    let tasks = actions.into_iter().filter_map(|action| match action {
        Action::Approved { proposal, .. } => is_ours(proposal, devices).then_some(Task::Begin(proposal.action)),
        Action::Started { proposal, send_by, device_epoch } => {
            let Order::Write(order) = &proposal.order else { return None };
            Some(Task::End(Open {
                action: proposal.action,
                order: order.clone(),
                send_by: *send_by,
                begun_under: device_epoch.unwrap_or(0),
                held_under: devices.held_under(&order.device)?,
            }))
        }
        _ => None,
    });
    tasks.collect()
}

/// Whether it is approved and this node is the one to begin it.
pub(super) fn is_ours_to_begin(site: &Site, action: ActionId, devices: &dyn WriteDevice) -> bool {
    matches!(action_of(site, action), Some(Action::Approved { proposal, .. }) if is_ours(proposal, devices))
}

/// The write, if its device is held here under the very assignment it was begun under. The outbox delivers messages.
pub(super) fn write_to_send(site: &Site, started: &ActionStarted, devices: &dyn WriteDevice) -> Option<Open> {
    let Order::Write(order) = &action_of(site, started.action)?.proposal().order else { return None };
    let (begun_under, held_under) = (started.device_epoch?, devices.held_under(&order.device)?);
    let open = Open { action: started.action, order: order.clone(), send_by: started.send_by, begun_under, held_under };
    (begun_under == held_under).then_some(open)
}

fn action_of(site: &Site, action: ActionId) -> Option<&Action> {
    let case = site.case_of_action.get(&action)?;
    site.case(*case).file()?.actions.get(&action)
}

/// A write is begun where its device is held; a message by whoever comes first.
fn is_ours(proposal: &Proposal, devices: &dyn WriteDevice) -> bool {
    match &proposal.order {
        Order::Write(order) => devices.held_under(&order.device).is_some(),
        Order::Message(_) => true,
    }
}
