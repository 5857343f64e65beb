//! Where people have a recorded question asked again, of the same model or another, and see how the models stand.

use crate::{
    call_keeper::REPLAYER,
    gateway::{Gateway, judge::judged, question::Question, route::Standing},
    insist::service,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_domain::{
    ids::{ActorId, CauseId, SiteId},
    kept_call::KeptWords,
    model_call::{Deployment, ModelPolicy},
    ports::{
        clock::Clock,
        model_desk::{AskAgain, ModelDesk, ModelStanding, NotAsked, Quality, SaidAgain},
    },
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// A person waits for it, over HTTP.
const WITHIN: TimeDelta = TimeDelta::seconds(45);

/// The gateway of each site that asks models, so that people see the same health as the agents, and pay from the same budget.
#[derive(Clone, Default)]
pub struct Gateways(Arc<Mutex<BTreeMap<SiteId, Arc<Gateway>>>>);

impl Gateways {
    pub fn put(&self, site: SiteId, gateway: Arc<Gateway>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(site, gateway);
    }
    fn of(&self, site: &SiteId) -> Option<Arc<Gateway>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(site).cloned()
    }
}

pub struct Desk {
    pub gateways: Gateways,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl ModelDesk for Desk {
    fn standings(&self, site: &SiteId) -> Vec<ModelStanding> {
        let Some(gateway) = self.gateways.of(site) else { return vec![] };
        gateway.deployments().map(|deployment| standing(&gateway, deployment)).collect()
    }

    async fn ask_again(&self, asked: AskAgain) -> Result<SaidAgain, NotAsked> {
        let none = || NotAsked(format!("{} asks no models; write some under models.deployments", asked.site));
        let gateway = self.gateways.of(&asked.site).ok_or_else(none)?;
        let deployment = gateway.deployments().find(|known| known.name == asked.with).cloned();
        let unknown = || NotAsked(format!("there is no deployment {}; `millwright models list` shows those that there are", asked.with));
        let deployment = deployment.ok_or_else(unknown)?;
        let prompt = asked.words.prompt().map_err(|_not_ours| NotAsked("this call was recorded by a newer program; use that".into()))?;
        // What was not to leave the house then is not to leave it now.
        let policy = ModelPolicy { local_only: asked.words.policy.local_only, allowed: Some([asked.with.clone()].into()), preferred: None };
        let question = Question {
            site: Some(asked.site.clone()),
            policy,
            within: Some(WITHIN),
            ..Question::new(asked.again, self.agent(), deployment.class, prompt)
        };
        let begun = self.clock.now().wall;
        let given = gateway.ask(&question).await.map_err(|why| NotAsked(why.to_string()))?;
        if let Some(why) = given.plainly {
            return Err(NotAsked(format!("{} did not answer: {why}", asked.with)));
        }
        let took = self.clock.now().wall.since(begun).to_std().unwrap_or_default();
        let quality = judged(&question.prompt, &given.answer, asked.cause.as_ref());
        Ok(SaidAgain { answer: given.answer, deployment: given.deployment, cost: given.cost, took, quality })
    }

    fn quality(&self, words: &KeptWords, cause: Option<&CauseId>) -> Option<Quality> {
        Some(judged(&words.prompt().ok()?, words.answer.as_ref()?, cause))
    }

    fn agent(&self) -> ActorId {
        service(REPLAYER)
    }
}

fn standing(gateway: &Gateway, deployment: &Deployment) -> ModelStanding {
    let (standing, latency) = gateway.health(&deployment.name);
    let left_alone = match standing {
        Standing::Well => None,
        Standing::LeftAlone(until) => Some(("it failed, or wants to be left alone for a while".into(), Some(until))),
        Standing::BeingProbed => Some(("it is being tried whether it works again".into(), None)),
    };
    let latency = latency.and_then(|latency| latency.to_std().ok());
    ModelStanding { deployment: deployment.clone(), left_alone, latency, price: gateway.price(&deployment.name).cloned() }
}
