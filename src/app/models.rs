//! The gateway to language models, as configured.

use anyhow::{Context, Result};
use chrono::TimeDelta;
use millwright_agents::gateway::{Around, Deployed, Gateway, GatewayRules, breaker::BreakerRules};
use millwright_infra::{models::ModelSettings, outward::Outward};

pub fn gateway(settings: &ModelSettings, outward: &Outward, around: Around) -> Result<Gateway> {
    let models = settings.models(outward).context("the settings under `models`")?;
    let seconds = |seconds: u32| TimeDelta::seconds(seconds.into());
    let breaker = BreakerRules { failures: settings.failures, pause: seconds(settings.pause_s) };
    let rules =
        GatewayRules { attempts: settings.attempts, within: seconds(settings.within_s), breaker, questions_a_case: settings.questions_a_case };
    let deployed = models.deployments.into_iter().map(|(deployment, model)| Deployed { deployment, model }).collect();
    Ok(Gateway::new(rules, deployed, models.prices, around))
}
