//! What must hold, judged at every fact and at every write, from the account and the machine alone.

use super::{
    account::{Account, Known, Life, Proposals, Stage, begin_by, person, seconds},
    cast::{ESCALATES_AFTER, Named, Says, approvers, says},
    step::{Ask, Instead, Shown, What},
    world::{SLOTS, World},
};
use millwright_domain::{Event, case::ActionStarted, ids::ActionId};

/// For so many seconds a reading is fresh, and a machine is not written to again.
pub const FRESH: u16 = 10;
pub const APART: u16 = 60;
const SEND_WITHIN: u16 = 2;

/// One sentence that says what should not have been.
pub type Broken = String;

/// A fact that the rules want to record, because of what was asked, before it is noted.
pub fn fact(world: &World, ask: Ask, event: &Event, proposals: &Proposals) -> Result<(), Broken> {
    match event {
        Event::ActionProposed(fact) => proposed(world, Named::of(fact.proposal.name.as_str()), fact.binding == fact.proposal.binding()),
        Event::ApprovalGiven(fact) => yes(world, ask, &fact.action, &fact.binding, proposals).and_then(|(known, life)| {
            let others = (life.yes & !ask.by.bit()).count_ones();
            if needed(known) > others + 1 { Ok(()) } else { Err("a yes that was enough was taken for one of several".into()) }
        }),
        Event::ActionApproved(fact) if fact.by.as_str() == "svc-policy" => by_itself(world, ask, &fact.action, &fact.binding, proposals),
        Event::ActionApproved(fact) => {
            let (known, life) = yes(world, ask, &fact.action, &fact.binding, proposals)?;
            let persons = (life.yes | person(&fact.by)?).count_ones();
            if persons >= needed(known) { Ok(()) } else { Err(format!("{} was approved by {persons} of {} persons", of(known), needed(known))) }
        }
        Event::ApprovalEscalated(fact) => {
            let due = known(world, &fact.action, proposals)?.0.proposed + ESCALATES_AFTER;
            if world.now >= due { Ok(()) } else { Err(format!("it was escalated at {} s, and due at {due} s", world.now)) }
        }
        Event::KillSwitchReleased(_) | Event::AssetReturnedToService(_) if !ask.by.is_person() => {
            Err(format!("{} is a program and lets the machine be written to again", ask.by.name()))
        }
        Event::ActionStarted(started) => begun(world, started, proposals),
        Event::ApprovalExpired(fact) => {
            let (known, life) = known(world, &fact.action, proposals)?;
            let is_due = world.now >= known.expires && life.stage == Stage::Waiting;
            if is_due { Ok(()) } else { Err(format!("{} expired at {} s, and was not due", of(known), world.now)) }
        }
        _ => ended(world, ask, event),
    }
}

/// What has begun ends as a write, and by nobody's change of mind; what has not is taken back.
fn ended(world: &World, ask: Ask, event: &Event) -> Result<(), Broken> {
    use Stage::{Allowed, Begun, Unverified, Waiting};
    let (action, from): (_, &[Stage]) = match event {
        Event::ActionRejected(fact) => (&fact.action, &[Waiting]),
        Event::ActionVoided(fact) => (&fact.action, &[Waiting, Allowed]),
        Event::ActionSuperseded(fact) => (&fact.action, &[Waiting, Allowed]),
        Event::ActionCompleted(fact) => (&fact.action, &[Begun]),
        Event::ActionFailed(fact) => (&fact.action, &[Begun]),
        Event::ActionUnverified(fact) => (&fact.action, &[Begun]),
        Event::ActionVerified(fact) => (&fact.action, &[Unverified]),
        _ => return Ok(()),
    };
    let mut account = world.account;
    let stage = account.life(action)?.stage;
    if !from.contains(&stage) {
        return Err(format!("a{} was {stage:?}, and that ended it: {}", Account::slot_of(action) + 1, event.kind()));
    }
    let is_a_persons = matches!(event, Event::ActionRejected(_) | Event::ActionVerified(_));
    if is_a_persons && !ask.by.is_person() { Err(format!("{} is a program and gave a person's answer", ask.by.name())) } else { Ok(()) }
}

/// A write that reaches the device.
pub fn write(world: &World, slot: usize, under: u8, value: u16, proposals: &Proposals) -> Result<(), Broken> {
    let name = format!("a{}", slot + 1);
    let Some((life, begun)) = world.account.lives[slot].and_then(|life| Some((life, life.begun?))) else {
        return Err(format!("{name} was written and had never begun"));
    };
    if life.writes > 0 {
        return Err(format!("{name} was written twice"));
    }
    if life.stage != Stage::Begun {
        return Err(format!("{name} was written after its end"));
    }
    if under != begun.epoch {
        return Err(format!("{name} began under assignment {} and was written under {under}", begun.epoch));
    }
    if world.now > begun.send_by {
        return Err(format!("{name} was written at {} s, and might be sent until {} s", world.now, begun.send_by));
    }
    let wanted = proposals.of(life.proposal).value;
    if value == wanted { Ok(()) } else { Err(format!("{name} wrote {value} instead of {wanted}")) }
}

fn proposed(world: &World, named: Option<Named>, is_bound: bool) -> Result<(), Broken> {
    let named = named.ok_or("an action was proposed that no policy knows")?;
    let Account { policy, is_killed, is_locked, is_closed, lives, .. } = &world.account;
    if says(*policy, named) == Says::Never {
        return Err(format!("{} is on the never list and was proposed", named.name()));
    }
    if *is_killed || *is_locked || *is_closed {
        return Err("an action was proposed while nothing may act on the machine".into());
    }
    if !is_bound {
        return Err("the recorded binding is not the proposal's".into());
    }
    // All of them write to the same signal.
    let pending = (0..SLOTS).find(|slot| lives[*slot].is_some_and(|life| matches!(life.stage, Stage::Waiting | Stage::Allowed)));
    pending.map_or(Ok(()), |slot| Err(format!("a{} is pending for the same signal, and something else was proposed", slot + 1)))
}

fn known<'a>(world: &World, action: &ActionId, proposals: &'a Proposals) -> Result<(&'a Known, Life), Broken> {
    let mut account = world.account;
    let life = *account.life(action)?;
    Ok((proposals.of(life.proposal), life))
}

/// What every yes of a person has to be.
fn yes<'a>(world: &World, ask: Ask, action: &ActionId, binding: &str, proposals: &'a Proposals) -> Result<(&'a Known, Life), Broken> {
    let (known, life) = known(world, action, proposals)?;
    let (by, name) = (ask.by, of(known));
    let What::Approve(slot, shown) = ask.what else { return Err(format!("{name} was approved and nobody said yes")) };
    if slot != known.slot || shown.is_old() || binding != known.binding {
        return Err(format!("{} said yes to something else, and that approved {name}", by.name()));
    }
    if shown == Shown::StubInChat {
        return Err(format!("{} said yes to {name} by a button that could be another's", by.name()));
    }
    if !by.is_person() {
        return Err(format!("{} is a program and approved {name}", by.name()));
    }
    if by == known.by {
        return Err(format!("{} proposed {name}, and approved it", by.name()));
    }
    if (approvers(world.account.policy) | life.also) & by.bit() == 0 {
        return Err(format!("{} may not answer for {name}, and approved it", by.name()));
    }
    if life.yes & by.bit() != 0 {
        return Err(format!("{} was counted twice for {name}", by.name()));
    }
    if shown.is_chat() && needed(known) > 1 && life.yes == 0 {
        return Err(format!("{name} is of high risk and was first said yes to in a chat"));
    }
    if life.stage != Stage::Waiting {
        return Err(format!("{name} was approved when it did not wait for it: {:?}", life.stage));
    }
    if world.now >= known.expires {
        return Err(format!("{name} was approved at {} s, and had expired at {} s", world.now, known.expires));
    }
    Ok((known, life))
}

fn by_itself(world: &World, ask: Ask, action: &ActionId, binding: &str, proposals: &Proposals) -> Result<(), Broken> {
    let (known, life) = known(world, action, proposals)?;
    let name = of(known);
    let at_once = matches!(ask.what, What::Propose(_) | What::Modify(_, Instead::Action(_))) && life.stage == Stage::Waiting && life.yes == 0;
    let allowed = says(known.policy, known.named) == Says::Itself && known.policy == world.account.policy && known.value == known.named.own_value();
    if at_once && allowed && binding == known.binding { Ok(()) } else { Err(format!("{name} was let through by a policy that asks a person")) }
}

fn begun(world: &World, started: &ActionStarted, proposals: &Proposals) -> Result<(), Broken> {
    let (known, life) = known(world, &started.action, proposals)?;
    let (account, now, name) = (&world.account, world.now, of(known));
    let twice = life.begun.is_some();
    let wrong = [
        (twice, "had begun before"),
        (life.stage == Stage::Waiting, "nobody had said yes"),
        (life.stage != Stage::Allowed, "its yes had been taken back or used up"),
        (account.is_killed, "the kill switch is engaged"),
        (account.is_locked, "the machine is locked out"),
        (account.is_closed, "the case is closed"),
        (account.policy != known.policy, "the policy is another one than at the proposal"),
        (says(account.policy, known.named) == Says::Never, "it is on the never list"),
        (account.cause != known.cause, "the machine is thought to have something else than at the proposal"),
        (now >= begin_by(known), "the time to begin it is over"),
        (started.device_epoch != Some(account.epoch.into()), "it is not under the device's last assignment"),
        (seconds(started.send_by) != now + SEND_WITHIN, "it may be sent for longer or shorter than two seconds"),
        (account.last_begun.is_some_and(|last| now - last < APART), "the machine was written to less than a minute ago"),
    ];
    if let Some((_, why)) = wrong.iter().find(|(holds, _)| *holds) {
        return Err(format!("{name} began, and {why}"));
    }
    let Some(sight) = world.machine.sight(now).filter(|sight| now - sight.at <= FRESH) else {
        return Err(format!("{name} began without a fresh reading"));
    };
    if sight.pressure_is_high {
        return Err(format!("{name} began against its interlock"));
    }
    if known.stood.is_some_and(|stood| stood.abs_diff(sight.speed) > 5) || sight.speed.abs_diff(known.value) > 800 {
        return Err(format!("{name} began on a machine that has been moved"));
    }
    Ok(())
}

/// How many persons it takes.
fn needed(known: &Known) -> u32 {
    if says(known.policy, known.named) == Says::Two { 2 } else { 1 }
}

fn of(known: &Known) -> String {
    format!("a{}", known.slot + 1)
}
