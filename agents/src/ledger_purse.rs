//! The budget that calls to models are held from: the house's where it has a limit, and a site's own, each on its own ledger.
//!
//! Two partitions decide nothing together, so the order matters: the house is asked first and gets back what the site refuses; a call leaves
//! only after both know that it does; both are told what it used. Whoever dies in between leaves a hold that ends by itself.

use crate::{
    gateway::purse::{Denied, NotTold, Purse, Wish},
    insist::service,
    site_tail::SiteTail,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_commands::{Ask, Command, Commands, DispatchCall, ReleaseTokens, ReserveTokens, SettleTokens};
use millwright_domain::{
    budget::{Lane, PLATFORM, SITE, scope_of_agent, scope_of_provider, scope_of_task},
    envelope::Answer,
    ids::{CommandId, ReservationId, derived},
    model_call::{NanoDollars, Source, Spent},
    ports::{clock::Clock, event_log::EventLog},
    position::PartitionId,
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Clone)]
pub struct LedgerPurse {
    log: Arc<dyn EventLog>,
    commands: Commands,
    clock: Arc<dyn Clock>,
    site: Account,
    house: Account,
    /// The platform's partition as far as it was read; nothing before the first call.
    seen: Arc<tokio::sync::Mutex<Option<SiteTail>>>,
    /// Attempts that the house holds tokens for, too.
    in_house: Arc<Mutex<HashSet<ReservationId>>>,
}

/// Where a call counts.
#[derive(Clone)]
struct Account {
    partition: PartitionId,
    scope: &'static str,
}

impl LedgerPurse {
    pub fn of(partition: PartitionId, log: Arc<dyn EventLog>, commands: Commands, clock: Arc<dyn Clock>) -> Self {
        let house = Account { partition: PartitionId::platform(), scope: PLATFORM };
        let site = Account { partition, scope: SITE };
        Self { log, commands, clock, site, house, seen: Arc::default(), in_house: Arc::default() }
    }

    /// Whether anything is to be held there. Read from the log each time: a limit holds from the moment that it is set.
    async fn house_has_a_limit(&self) -> Result<bool, Denied> {
        let away = |error| Denied::Unavailable(format!("what the house may spend could not be read: {error}"));
        let mut seen = self.seen.lock().await;
        if seen.is_none() {
            *seen = Some(SiteTail::at_the_end(self.log.clone(), self.house.partition.clone()).await.map_err(away)?);
        }
        let Some(tail) = seen.as_mut() else { return Ok(false) };
        tail.up_to_now().await.map_err(away)?;
        Ok(tail.site.budgets.get(PLATFORM).is_some_and(|account| account.limits.is_some()))
    }

    fn in_house(&self) -> MutexGuard<'_, HashSet<ReservationId>> {
        self.in_house.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn is_in_house(&self, reservation: ReservationId) -> bool {
        self.in_house().contains(&reservation)
    }

    async fn hold(&self, account: &Account, also: Vec<String>, wish: &Wish) -> Result<(), Denied> {
        let rest = wish.expires_at.since(self.clock.now().wall) + TimeDelta::seconds(1);
        let about = wish.case.map(|case| format!("case/{case}")).or_else(|| wish.task.as_ref().map(|task| format!("task/{task}")));
        let reserve = ReserveTokens {
            scope: account.scope.into(),
            also,
            reservation: wish.reservation,
            agent: wish.agent.clone(),
            tokens: wish.tokens,
            expires_after_s: u32::try_from(rest.num_seconds()).unwrap_or(1).max(1),
            lane: if wish.is_critical { Lane::Critical } else { Lane::Ordinary },
            about,
        };
        allowed(self.ask(account, wish.reservation, "reserve", reserve).await)
    }

    async fn dispatch(&self, account: &Account, reservation: ReservationId) -> Result<(), Denied> {
        // Under a new id each time: one hold is for one call, and whoever asks a second time is told so and not given the first one's yes.
        let ask = Ask::new(service("svc-gateway"), DispatchCall { scope: account.scope.into(), reservation });
        let answered = self.commands.ask(&account.partition, ask).await;
        allowed(answered.map(|answered| answered.answer).map_err(|error| error.to_string()))
    }

    async fn settle_in(&self, account: &Account, reservation: ReservationId, spent: &Spent) -> Result<(), NotTold> {
        let (used, estimated) = (spent.usage.total(), spent.source != Source::Provider);
        let settle = SettleTokens { scope: account.scope.into(), reservation, used, estimated };
        told(self.ask(account, reservation, "settle", settle).await)
    }

    async fn release_in(&self, account: &Account, reservation: ReservationId) -> Result<(), NotTold> {
        let release = ReleaseTokens { scope: account.scope.into(), reservation, uncounted: true };
        told(self.ask(account, reservation, "release", release).await)
    }

    /// Under an id of its own, so that asking again asks for the same.
    async fn ask(&self, account: &Account, reservation: ReservationId, step: &str, command: impl Into<Command>) -> Result<Answer, String> {
        let id = CommandId(derived(&format!("{}/{reservation}", account.scope), step, 0));
        let ask = Ask::new(service("svc-gateway"), command).with_id(id);
        self.commands.ask(&account.partition, ask).await.map(|answered| answered.answer).map_err(|error| error.to_string())
    }
}

/// Whoever goes away between the two holds gives the first one back.
struct Halfway {
    purse: LedgerPurse,
    reservation: ReservationId,
    is_held: bool,
}

impl Drop for Halfway {
    fn drop(&mut self) {
        if self.is_held {
            self.purse.abandoned(self.reservation, None, NanoDollars(0));
        }
    }
}

#[async_trait]
impl Purse for LedgerPurse {
    async fn reserve(&self, wish: &Wish) -> Result<(), Denied> {
        let in_house = self.house_has_a_limit().await?;
        if in_house {
            self.hold(&self.house, vec![], wish).await?;
            self.in_house().insert(wish.reservation);
        }
        let mut halfway = Halfway { purse: self.clone(), reservation: wish.reservation, is_held: in_house };
        let mut also = vec![scope_of_agent(&wish.agent), scope_of_provider(&wish.provider)];
        also.extend(wish.task.as_deref().map(scope_of_task));
        let held = self.hold(&self.site, also, wish).await;
        halfway.is_held = false;
        if in_house && held.is_err() {
            self.in_house().remove(&wish.reservation);
            if let Err(error) = self.release_in(&self.house, wish.reservation).await {
                tracing::warn!(reservation = %wish.reservation, %error, "the house holds tokens for a call that the site refused until the hold ends");
            }
        }
        held
    }

    async fn dispatched(&self, reservation: ReservationId) -> Result<(), Denied> {
        self.dispatch(&self.site, reservation).await?;
        if self.is_in_house(reservation) { self.dispatch(&self.house, reservation).await } else { Ok(()) }
    }

    async fn settle(&self, reservation: ReservationId, spent: &Spent, _: NanoDollars) -> Result<(), NotTold> {
        let at_site = self.settle_in(&self.site, reservation, spent).await;
        if self.is_in_house(reservation) {
            self.settle_in(&self.house, reservation, spent).await?;
        }
        at_site.map(|()| _ = self.in_house().remove(&reservation))
    }

    async fn release(&self, reservation: ReservationId) -> Result<(), NotTold> {
        let at_site = self.release_in(&self.site, reservation).await;
        if self.is_in_house(reservation) {
            self.release_in(&self.house, reservation).await?;
        }
        at_site.map(|()| _ = self.in_house().remove(&reservation))
    }

    fn abandoned(&self, reservation: ReservationId, spent: Option<Spent>, _: NanoDollars) {
        let purse = self.clone();
        tokio::spawn(async move {
            let told = match spent {
                Some(spent) => purse.settle(reservation, &spent, NanoDollars(0)).await,
                None => purse.release(reservation).await,
            };
            // Nobody speaks of it again.
            purse.in_house().remove(&reservation);
            if let Err(error) = told {
                tracing::warn!(%reservation, %error, "a call that nobody waits for is counted in full when its hold expires");
            }
        });
    }
}

fn allowed(answer: Result<Answer, String>) -> Result<(), Denied> {
    match answer {
        Ok(Answer::Done { .. } | Answer::AlreadySo) => Ok(()),
        Ok(Answer::Refused { reason, .. }) => Err(Denied::Refused(reason)),
        Err(error) => Err(Denied::Unavailable(error)),
    }
}

fn told(answer: Result<Answer, String>) -> Result<(), NotTold> {
    match answer {
        Ok(Answer::Done { .. } | Answer::AlreadySo) => Ok(()),
        Ok(Answer::Refused { reason, .. }) => Err(NotTold(reason)),
        Err(error) => Err(NotTold(error)),
    }
}
