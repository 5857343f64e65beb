//! What people did in our issues since a time: comments, closing, reopening, labels. Named as the webhook names it.

use super::{
    GithubIssues,
    shapes::{Account, Comment, Event, Issue},
};
use crate::{
    inbound::github::{closed_as, comment_delivery, labels_delivery, state_delivery},
    tickets::{mark, ways},
};
use chrono::{DateTime, Utc};
use millwright_domain::ports::{
    messenger::NotTaken,
    ticket_system::{Deed, OutsideDeed, TicketNews},
};
use std::collections::BTreeMap;

impl GithubIssues {
    pub(super) async fn news_since(&self, since: Option<DateTime<Utc>>) -> Result<TicketNews, NotTaken> {
        let asked_at = self.client.time().await?;
        let Some(since) = since else { return Ok(TicketNews { deeds: Vec::new(), next: ways::iso(asked_at) }) };
        let text = ways::iso(since);
        // Whatever happens to an issue moves its time, so a quiet repository costs two requests.
        let touched: BTreeMap<u64, Issue> = self.client.touched_since(&text).await?.into_iter().map(|issue| (issue.number, issue)).collect();
        let mut deeds = Vec::new();
        if !touched.is_empty() {
            let own = self.account.get(&self.client.token, async || self.client.login().await).await?;
            for comment in self.client.comments_since(&text).await? {
                deeds.extend(commented(&comment, &touched, since, &own));
            }
            for event in self.client.events_since(since).await?.into_iter().filter(|event| event.created_at >= since).rev() {
                deeds.extend(happened(event, &touched, &own));
            }
            deeds.sort_by_key(|(at, _)| *at);
            deeds.dedup_by(|(_, later), (_, former)| later.delivery == former.delivery);
        }
        Ok(TicketNews { deeds: deeds.into_iter().map(|(_, deed)| deed).collect(), next: ways::next(since, asked_at) })
    }
}

type Dated = (DateTime<Utc>, OutsideDeed);

/// Whose it is, unless it is ours.
fn by(account: Option<&Account>, own: &str) -> Option<String> {
    let login = account.map(|account| account.login.as_str()).unwrap_or("ghost");
    (!login.eq_ignore_ascii_case(own)).then(|| ways::line(login))
}

fn commented(comment: &Comment, touched: &BTreeMap<u64, Issue>, since: DateTime<Utc>, own: &str) -> Option<Dated> {
    let issue = touched.get(&comment.issue()?).filter(|issue| issue.pull_request.is_none())?;
    let account = by(comment.user.as_ref(), own)?;
    // An old comment that somebody edited comes as well, and was news before.
    if mark::is_ours(comment.text()) || comment.created_at < since {
        return None;
    }
    let (ticket, delivery) = (issue.reference(), comment_delivery(comment.id));
    Some((comment.created_at, OutsideDeed { ticket, delivery, account, deed: Deed::Commented, words: ways::words(comment.text()) }))
}

fn happened(event: Event, touched: &BTreeMap<u64, Issue>, own: &str) -> Option<Dated> {
    let Event { event, actor, created_at, state_reason, issue } = event;
    let issue = touched.get(&issue?.number).filter(|issue| issue.pull_request.is_none())?;
    let account = by(actor.as_ref(), own)?;
    let (number, at) = (issue.number, ways::iso(created_at));
    let (delivery, deed) = match event.as_str() {
        "closed" => {
            // The issue's own reason is that of its last closing.
            let reason = state_reason.or_else(|| issue.state_reason.clone().filter(|_| issue.closed_at == Some(created_at)));
            (state_delivery(number, "closed", &at), Deed::Closed(closed_as(reason.as_deref())))
        }
        "reopened" => (state_delivery(number, "reopened", &at), Deed::Reopened),
        "labeled" | "unlabeled" => {
            let labels: Vec<String> = issue.label_names().iter().take(100).map(|label| ways::line(label)).collect();
            (labels_delivery(number, &at, &labels), Deed::Labelled(labels))
        }
        _ => return None,
    };
    Some((created_at, OutsideDeed { ticket: issue.reference(), delivery, account, deed, words: String::new() }))
}
