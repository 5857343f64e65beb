//! Manual Hunter: what the makers' manuals say about the cause, with page and words; or plainly that they say nothing.

use super::{
    CrewMember, Finding, Found,
    briefing::Briefing,
    choosing::{Choices, Form, Piece},
};
use crate::{
    insist::service,
    manuals::{Hit, Shelf},
};
use async_trait::async_trait;
use millwright_domain::{ids::ActorId, investigation::Citation, untrusted::Origin};
use std::sync::Arc;

const MOST_PLACES: usize = 4;

const TASK: &str = "A machine has a fault. Say in at most four short sentences what the numbered passages of its makers' manuals say about it: what to \
                    look at, what to do, what to mind. In `from` stand the numbers of the passages that say so, in `says` the sentence. Say nothing \
                    that no passage says; if none has to do with the fault, give no points.";

pub struct ManualHunter {
    pub shelf: Arc<Shelf>,
}

#[async_trait]
impl CrewMember for ManualHunter {
    fn name(&self) -> ActorId {
        service("svc-hunter")
    }

    async fn find(&self, case: &Briefing) -> Result<Found, String> {
        let Some(cause) = case.cause() else { return Err("no cause is known yet, so there is nothing to look up".into()) };
        let (shelf, must) = (self.shelf.clone(), cause.as_str().replace(['_', '-'], " "));
        let (class, vendor) = (case.asset.class.clone(), case.asset.vendor.clone());
        let also = format!("{} {}", class.replace('_', " "), vendor);
        // Reading and searching a shelf of manuals is work for a thread of its own.
        let searched = tokio::task::spawn_blocking(move || {
            let library = shelf.library();
            let about = library.manuals.iter().filter(|manual| manual.is_about(&class, &vendor)).count();
            (about, library.search(&must, &also, |manual| manual.is_about(&class, &vendor), MOST_PLACES))
        });
        let (about, hits) = searched.await.map_err(|broken| format!("the manuals could not be searched: {broken}"))?;
        Ok(told(cause.as_str(), about, hits))
    }
}

/// Where no manual says anything, no model is asked: it could only make something up.
fn told(cause: &str, about: usize, hits: Vec<Hit>) -> Found {
    let cause = cause.replace('_', " ");
    if hits.is_empty() {
        let finding = Finding::by_rules(match about {
            0 => "No source: there is no manual for this machine. Bring one in with `millwright manuals import`.".into(),
            _ => format!("No source: none of the {about} manuals for this machine says anything about {cause}."),
        });
        return Found { finding, choices: None };
    }
    let lines = hits.iter().map(|hit| format!("{}, page {}: “{}”", hit.title, hit.page, hit.quote));
    let text = format!("The manuals about {cause}:\n{}", lines.collect::<Vec<_>>().join("\n"));
    let pieces = hits.iter().map(|hit| Piece { name: format!("{} p. {}", hit.title, hit.page), text: hit.quote.clone() }).collect();
    let choices = Choices { task: TASK, heading: "In short:", form: Form::Sentences, origin: Origin::Manual, pieces };
    let cited = hits.into_iter().map(|hit| Citation { document: hit.manual, revision: hit.revision, page: hit.page, quote: hit.quote });
    Found { finding: Finding { text, citations: cited.collect(), ..Finding::default() }, choices: Some(choices) }
}
