//! The budget that calls to models are held from: a site's own, on its ledger, in every scope that a call counts in.

use crate::{
    gateway::purse::{Denied, NotTold, Purse, Wish},
    insist::service,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_commands::{Ask, Command, Commands, DispatchCall, ReleaseTokens, ReserveTokens, SettleTokens};
use millwright_domain::{
    budget::{Lane, SITE, scope_of_agent, scope_of_provider, scope_of_task},
    envelope::Answer,
    ids::{CommandId, ReservationId, derived},
    model_call::{NanoDollars, Source, Spent},
    ports::clock::Clock,
    position::PartitionId,
};
use std::sync::Arc;

pub struct LedgerPurse {
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
}

impl LedgerPurse {
    /// Under an id of its own, so that asking again asks for the same.
    async fn ask(&self, reservation: ReservationId, step: &str, command: impl Into<Command>) -> Result<Answer, String> {
        let id = CommandId(derived(&reservation.to_string(), step, 0));
        let ask = Ask::new(service("svc-gateway"), command).with_id(id);
        self.commands.ask(&self.partition, ask).await.map(|answered| answered.answer).map_err(|error| error.to_string())
    }
}

#[async_trait]
impl Purse for LedgerPurse {
    async fn reserve(&self, wish: &Wish) -> Result<(), Denied> {
        let mut also = vec![scope_of_agent(&wish.agent), scope_of_provider(&wish.provider)];
        also.extend(wish.task.as_deref().map(scope_of_task));
        let rest = wish.expires_at.since(self.clock.now().wall) + TimeDelta::seconds(1);
        let about = wish.case.map(|case| format!("case/{case}")).or_else(|| wish.task.as_ref().map(|task| format!("task/{task}")));
        let reserve = ReserveTokens {
            scope: SITE.into(),
            also,
            reservation: wish.reservation,
            agent: wish.agent.clone(),
            tokens: wish.tokens,
            expires_after_s: u32::try_from(rest.num_seconds()).unwrap_or(1).max(1),
            lane: if wish.is_critical { Lane::Critical } else { Lane::Ordinary },
            about,
        };
        match self.ask(wish.reservation, "reserve", reserve).await {
            Ok(Answer::Done { .. } | Answer::AlreadySo) => Ok(()),
            Ok(Answer::Refused { reason, .. }) => Err(Denied::Refused(reason)),
            Err(error) => Err(Denied::Unavailable(error)),
        }
    }

    async fn dispatched(&self, reservation: ReservationId) -> Result<(), Denied> {
        match self.ask(reservation, "dispatch", DispatchCall { scope: SITE.into(), reservation }).await {
            Ok(Answer::Done { .. } | Answer::AlreadySo) => Ok(()),
            Ok(Answer::Refused { reason, .. }) => Err(Denied::Refused(reason)),
            Err(error) => Err(Denied::Unavailable(error)),
        }
    }

    async fn settle(&self, reservation: ReservationId, spent: &Spent, _: NanoDollars) -> Result<(), NotTold> {
        told(self.ask(reservation, "settle", settled(reservation, spent)).await)
    }

    async fn release(&self, reservation: ReservationId) -> Result<(), NotTold> {
        let release = ReleaseTokens { scope: SITE.into(), reservation, uncounted: true };
        told(self.ask(reservation, "release", release).await)
    }

    fn abandoned(&self, reservation: ReservationId, spent: Option<Spent>, _: NanoDollars) {
        let purse = Self { commands: self.commands.clone(), clock: self.clock.clone(), partition: self.partition.clone() };
        tokio::spawn(async move {
            let told = match spent {
                Some(spent) => purse.settle(reservation, &spent, NanoDollars(0)).await,
                None => purse.release(reservation).await,
            };
            if let Err(error) = told {
                tracing::warn!(%reservation, %error, "a call that nobody waits for is counted in full when its hold expires");
            }
        });
    }
}

fn settled(reservation: ReservationId, spent: &Spent) -> SettleTokens {
    SettleTokens { scope: SITE.into(), reservation, used: spent.usage.total(), estimated: spent.source != Source::Provider }
}

fn told(answer: Result<Answer, String>) -> Result<(), NotTold> {
    match answer {
        Ok(Answer::Done { .. } | Answer::AlreadySo) => Ok(()),
        Ok(Answer::Refused { reason, .. }) => Err(NotTold(reason)),
        Err(error) => Err(NotTold(error)),
    }
}
