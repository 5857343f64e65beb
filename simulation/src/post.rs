//! Where messages go: a target that knows a key again, is away at times, and whose receipts get lost.

use crate::{
    chance::Chance,
    life::{Life, TrueTime},
    trace::{Step, Trace},
};
use async_trait::async_trait;
use millwright_domain::{
    effect::EffectWanted,
    ports::messenger::{Messenger, NotTaken},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

/// Outside of every program.
pub struct PostOffice {
    pub known: Mutex<BTreeSet<String>>,
    pub chance: Chance,
    pub trace: Trace,
    pub time: TrueTime,
}

/// One program's way there.
pub struct Post {
    pub office: Arc<PostOffice>,
    pub life: Arc<Life>,
}

#[async_trait]
impl Messenger for Post {
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken> {
        self.life.gate().await;
        let office = &self.office;
        tokio::time::sleep(office.chance.millis(5..400)).await;
        if office.chance.per_mille(150) {
            self.life.gate().await;
            return Err(NotTaken::ForNow("nobody answers".into()));
        }
        if office.known.lock().unwrap_or_else(PoisonError::into_inner).insert(effect.idempotency_key.clone()) {
            office.trace.push(office.time.now(), Step::Delivered { key: effect.idempotency_key.clone() });
        }
        let heard = !office.chance.per_mille(100);
        self.life.gate().await;
        if heard { Ok("a receipt".into()) } else { Err(NotTaken::ForNow("the receipt was lost".into())) }
    }
}
