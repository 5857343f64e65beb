//! How one of the crew asks a model about a case: in its own name, of the model that a person chose for it, and in time.

use super::briefing::Briefing;
use crate::gateway::{Gateway, question::Question};
use millwright_domain::{
    Timestamp,
    case::Severity,
    ids::{ActorId, ModelClass, SiteId},
    model_call::{Answer, Deployment, ModelPolicy, Prompt},
    ports::clock::Clock,
};
use std::sync::Arc;
use uuid::Uuid;

/// Whoever a person gives this as its model speaks by rules alone.
pub const BY_RULES: &str = "rules";

pub struct Voice {
    pub gateway: Arc<Gateway>,
    pub clock: Arc<dyn Clock>,
    pub site: SiteId,
    /// Of the models that speak where nobody has chosen another.
    pub class: ModelClass,
}

impl Voice {
    /// `None`: no model has answered in time, may be asked, or is wanted; then the rules speak.
    pub async fn ask(&self, who: &ActorId, case: &Briefing, prompt: Prompt, until: Timestamp) -> Option<Answer> {
        let (class, policy) = policy(case.chosen.get(who).map(String::as_str), self.gateway.deployments(), &self.class)?;
        let question = Question {
            site: Some(self.site.clone()),
            case: Some(case.case),
            policy,
            within: Some(until.since(self.clock.now().wall)),
            is_critical: case.severity == Some(Severity::Critical),
            // Asked anew, as after a restart, it is another question with holds of its own: what the first one used counts as well.
            ..Question::new(Uuid::new_v4(), who.clone(), class, prompt)
        };
        match self.gateway.ask(&question).await {
            Ok(given) => given.plainly.is_none().then_some(given.answer),
            Err(why) => {
                tracing::info!(case = %case.case, agent = %who, %why, "{who} goes on by its rules");
                None
            }
        }
    }
}

/// What a person's choice means: a deployment by its name, or the first of that model. Others of its class stand in for it. `None`: by rules.
fn policy<'a>(
    chosen: Option<&str>,
    deployments: impl Iterator<Item = &'a Deployment> + Clone,
    usual: &ModelClass,
) -> Option<(ModelClass, ModelPolicy)> {
    let Some(chosen) = chosen else { return Some((usual.clone(), ModelPolicy::default())) };
    if chosen == BY_RULES {
        return None;
    }
    let named = deployments.clone().find(|deployment| deployment.name.as_str() == chosen);
    let Some(found) = named.or_else(|| deployments.clone().find(|deployment| deployment.model == chosen)) else {
        tracing::warn!(chosen, "a model was chosen that is not under models.deployments; another of the class {usual} is asked");
        return Some((usual.clone(), ModelPolicy::default()));
    };
    Some((found.class.clone(), ModelPolicy { preferred: Some(found.name.clone()), ..ModelPolicy::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::testing::deployment;

    #[test]
    fn a_persons_choice_is_a_deployment_a_model_or_the_rules() {
        let (house, mut strong) = (deployment("house"), deployment("strong"));
        (strong.model, strong.class) = ("big".into(), "strong".parse().unwrap());
        let (all, usual) = ([house, strong], "standard".parse::<ModelClass>().unwrap());
        let of = |chosen: Option<&str>| {
            let (class, policy) = policy(chosen, all.iter(), &usual)?;
            Some((class.to_string(), policy.preferred.map(|name| name.to_string())))
        };
        assert_eq!(of(None), Some(("standard".into(), None)));
        assert_eq!(of(Some("house")), Some(("standard".into(), Some("house".into()))));
        assert_eq!(of(Some("big")), Some(("strong".into(), Some("strong".into()))), "of its own class");
        assert_eq!(of(Some("gone")), Some(("standard".into(), None)));
        assert_eq!(of(Some(BY_RULES)), None);
    }
}
