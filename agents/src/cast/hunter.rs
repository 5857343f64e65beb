//! Manual Hunter: what the makers' manuals say about the cause, with page and words; or plainly that they say nothing.

use super::{CrewMember, Finding, briefing::Briefing};
use crate::{
    insist::service,
    manuals::{Hit, Shelf},
};
use async_trait::async_trait;
use millwright_domain::{Timestamp, ids::ActorId, investigation::Citation};
use std::sync::Arc;

const MOST_PLACES: usize = 4;

pub struct ManualHunter {
    pub shelf: Arc<Shelf>,
}

#[async_trait]
impl CrewMember for ManualHunter {
    fn name(&self) -> ActorId {
        service("svc-hunter")
    }

    async fn look_into(&self, case: &Briefing, _: Timestamp) -> Result<Finding, String> {
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

fn told(cause: &str, about: usize, hits: Vec<Hit>) -> Finding {
    let cause = cause.replace('_', " ");
    if hits.is_empty() {
        return Finding::by_rules(match about {
            0 => "No source: there is no manual for this machine. Bring one in with `millwright manuals import`.".into(),
            _ => format!("No source: none of the {about} manuals for this machine says anything about {cause}."),
        });
    }
    let lines = hits.iter().map(|hit| format!("{}, page {}: “{}”", hit.title, hit.page, hit.quote));
    let text = format!("The manuals about {cause}:\n{}", lines.collect::<Vec<_>>().join("\n"));
    let cited = hits.into_iter().map(|hit| Citation { document: hit.manual, revision: hit.revision, page: hit.page, quote: hit.quote });
    Finding { text, citations: cited.collect(), model: None }
}
