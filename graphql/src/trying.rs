//! A trial of other rules as it is watched: how far it is, several times a second, and at last what it found. Whoever stops listening ends it.

use crate::{
    errors::{bad_input, storage},
    types::trial::TrialStep,
};
use async_graphql::Result;
use futures::{Stream, future::BoxFuture, stream};
use millwright_domain::ports::rules_trial::{NotTried, RulesTrial, Trial, Tried};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;

const TELL_EVERY: Duration = Duration::from_millis(250);

struct Trying {
    run: BoxFuture<'static, Result<Tried, NotTried>>,
    far: watch::Receiver<(u64, u64)>,
    begun: Instant,
}

pub(crate) fn steps(trials: Arc<dyn RulesTrial>, trial: Trial) -> impl Stream<Item = Result<TrialStep>> {
    let (tell, far) = watch::channel((0, 0));
    let run = async move {
        let told = |done, of| {
            tell.send_replace((done, of));
        };
        trials.run(trial, &told).await
    };
    stream::unfold(Some(Trying { run: Box::pin(run), far, begun: Instant::now() }), |trying| async move {
        let mut trying = trying?;
        tokio::select! {
            ended = &mut trying.run => Some((trying.ended(ended), None)),
            () = tokio::time::sleep(TELL_EVERY) => Some((Ok(trying.step()), Some(trying))),
        }
    })
}

impl Trying {
    fn step(&self) -> TrialStep {
        let (done, of) = *self.far.borrow();
        let eta_s = (done > 0).then(|| self.begun.elapsed().mul_f64(of.saturating_sub(done) as f64 / done as f64).as_secs());
        TrialStep { done, of, eta_s, report: None }
    }

    fn ended(&self, ended: Result<Tried, NotTried>) -> Result<TrialStep> {
        match ended {
            Ok(tried) => Ok(TrialStep { eta_s: Some(0), report: Some(tried.into()), ..self.step() }),
            Err(NotTried::Refused(why)) => Err(bad_input(why)),
            Err(failed) => Err(storage(failed)),
        }
    }
}
