//! Whose turn it is to fold, where several programs share one Postgres: an advisory lock on a connection of its own.
//!
//! The lock only keeps programs out of each other's way. What keeps rows right is that a position moves on from where it was
//! believed to be, or not at all.

use crate::{db::answered, place::Postgres};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Notify, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Held for as long as a program follows the log.
pub(crate) struct Turn {
    tenure: watch::Receiver<Option<u64>>,
    _ends: Option<DropGuard>,
    passed_on: Arc<Notify>,
    /// Nobody else can come: there is no need to look up now and then.
    alone: bool,
}

/// How often the lock's connection is tried; Postgres ends one that is quiet for `QUIET`, so that a program that
/// hangs gives its turn up like one that died.
const BEAT: Duration = Duration::from_millis(500);
const QUIET: &str = "5000";
/// Long enough for whoever tries every `BEAT`.
const STAND_ASIDE: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(3);

impl Turn {
    pub fn alone() -> Self {
        let (_, tenure) = watch::channel(Some(0));
        Self { tenure, _ends: None, passed_on: Arc::default(), alone: true }
    }

    pub fn shared(place: &Postgres) -> Self {
        let (sender, tenure) = watch::channel(None);
        let stop = CancellationToken::new();
        let passed_on = Arc::new(Notify::new());
        tokio::spawn(stand_in_line(place.clone(), sender, passed_on.clone(), stop.clone()));
        Self { tenure, _ends: Some(stop.drop_guard()), passed_on, alone: false }
    }

    /// Lets the others go first, for one who cannot fold. If none of them takes the turn, it comes back.
    pub fn pass_on(&self) {
        if self.now().is_some() {
            self.passed_on.notify_waiters();
        }
    }

    /// The number of the present turn if it is ours: another number is another turn, with others' in between.
    pub fn now(&self) -> Option<u64> {
        *self.tenure.borrow()
    }

    #[cfg(test)]
    pub async fn comes(&self, within: Duration) {
        let mut tenure = self.tenure.clone();
        tokio::time::timeout(within, tenure.wait_for(Option::is_some)).await.unwrap().unwrap();
    }

    #[cfg(test)]
    pub async fn goes(&self, within: Duration) {
        let mut tenure = self.tenure.clone();
        tokio::time::timeout(within, tenure.wait_for(Option::is_none)).await.unwrap().unwrap();
    }

    pub fn is_alone(&self) -> bool {
        self.alone
    }
}

async fn stand_in_line(place: Postgres, tenure: watch::Sender<Option<u64>>, passed_on: Arc<Notify>, stop: CancellationToken) {
    let mut turns = 0;
    metrics::gauge!(FOLDING).set(0.0);
    let mut told = false;
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            () = passed_on.notified() => {
                tenure.send_replace(None);
                metrics::gauge!(FOLDING).set(0.0);
                tracing::info!("this program cannot fold the projections, and lets others go first");
                tokio::time::sleep(STAND_ASIDE).await;
            }
            ended = hold(&place, &tenure, &mut turns) => {
                let was_ours = tenure.send_replace(None).is_some();
                if was_ours || !told {
                    tracing::warn!(cause = ?ended.err(), was_ours, "no connection to ask for the turn to fold the projections by; it is tried again");
                }
                told = !was_ours;
                tokio::time::sleep(BEAT).await;
            }
        }
        metrics::gauge!(FOLDING).set(0.0);
    }
}

/// 1 on the program that folds, 0 on those that look on.
const FOLDING: &str = "millwright_projection_folding";

/// Until the connection ends, which ends the turn.
async fn hold(place: &Postgres, tenure: &watch::Sender<Option<u64>>, turns: &mut u64) -> Result<(), sqlx::Error> {
    let mut db = answered(ANSWER, PgConnection::connect_with(&ends_when_quiet(place))).await?;
    loop {
        if tenure.borrow().is_some() {
            answered(ANSWER, db.ping()).await?;
        } else {
            if answered(ANSWER, try_lock(place, &mut db)).await? {
                *turns += 1;
                tenure.send_replace(Some(*turns));
                metrics::gauge!(FOLDING).set(1.0);
                tracing::info!(turn = *turns, "this program folds the projections from here on");
            }
        }
        tokio::time::sleep(BEAT).await;
    }
}

fn ends_when_quiet(place: &Postgres) -> PgConnectOptions {
    place.within(place.schema()).options([("idle_session_timeout", QUIET), ("tcp_keepalives_idle", "5"), ("tcp_keepalives_interval", "2")])
}

async fn try_lock(place: &Postgres, db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let asked = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))").bind(format!("fold {}", place.schema()));
    asked.fetch_one(db).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Place, tests::Bench};

    #[tokio::test]
    async fn a_program_that_hangs_gives_its_turn_up() {
        let Some(bench) = Bench::postgres() else { return };
        drop(bench.open().await);
        let Place::Postgres(place) = &bench.place else { panic!("not a Postgres") };
        // Holds the turn, stays connected, and does nothing more.
        let mut hanging = PgConnection::connect_with(&ends_when_quiet(place)).await.unwrap();
        assert!(try_lock(place, &mut hanging).await.unwrap());
        Turn::shared(place).comes(Duration::from_secs(30)).await;
        assert!(hanging.ping().await.is_err());
        bench.clean().await;
    }
}
