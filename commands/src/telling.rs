//! Wishes that people behind a name of the roster be told something: one effect for each of them, under ids that depend on the reason alone.

use millwright_domain::{
    Event,
    effect::EffectWanted,
    envelope::StreamId,
    ids::{ActionId, CaseId, EffectId, derived},
    message::{Link, Message},
    site::Site,
};

/// Who is to be told what, and why.
pub struct Telling<'a> {
    /// A group or a person of the roster; another name goes to the file of notices.
    pub to: &'a str,
    pub message: Message,
    /// What the effects' ids derive from.
    pub because: String,
    pub reason: &'a str,
    pub case: Option<CaseId>,
    /// The action that ends with the first of the effects.
    pub action: Option<ActionId>,
}

impl Telling<'_> {
    pub fn wanted(self, site: &Site) -> Vec<(StreamId, Event)> {
        let targets = site.roster.targets(self.to);
        let wanted = (0..).zip(targets).map(|(number, target)| {
            let effect = EffectId(derived(&self.because, self.reason, number));
            EffectWanted {
                effect,
                idempotency_key: effect.to_string(),
                body: self.message.body_for(&target),
                target,
                subject: self.message.headline.clone(),
                case: self.case,
                action: self.action.filter(|_| number == 0),
                quotes: vec![],
            }
        });
        wanted.map(|wanted| (StreamId::effect(wanted.effect), wanted.into())).collect()
    }
}

/// Where to look at a case, if the roster says where the page is.
pub fn links(site: &Site, case: CaseId) -> Vec<Link> {
    site.roster.links.case(case).map(|url| Link { title: "Case".into(), url }).into_iter().collect()
}
