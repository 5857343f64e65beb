//! Webhooks of a board of tasks: that something happened there, and no more. What it was is asked, so that every deed is read in one way.

use crate::{
    inbound::{LARGEST_BODY, trello::is_only_a_look},
    secret::SecretSource,
};
use millwright_domain::{
    Timestamp,
    ids::SiteId,
    ports::inbound::{Heard, Inbound, Knock, KnockRefused, News},
};
use std::{collections::BTreeMap, sync::Arc};

/// `webhooks/board-<site>`.
const BEGINS: &str = "board-";

#[derive(Debug, Clone)]
pub struct BoardHook {
    /// The Power-Up's OAuth secret: what Trello signs with.
    pub secret: SecretSource,
    /// Exactly as it was given to Trello when the webhook was made: it is signed with the body.
    pub callback_url: String,
}

/// The door with the boards' bells beside it.
pub struct DoorWithBoards {
    pub inner: Option<Arc<dyn Inbound>>,
    pub hooks: BTreeMap<SiteId, BoardHook>,
}

impl DoorWithBoards {
    fn board(&self, source: &str) -> Option<(&SiteId, &BoardHook)> {
        let site: SiteId = source.strip_prefix(BEGINS)?.parse().ok()?;
        self.hooks.get_key_value(&site)
    }
}

impl Inbound for DoorWithBoards {
    fn hear(&self, knock: &Knock, now: Timestamp) -> Result<Heard, KnockRefused> {
        if let Some((site, hook)) = self.board(&knock.source) {
            return hook.hear(site, knock);
        }
        let nobody = || Err(KnockRefused::NobodyListens(knock.source.chars().filter(|letter| !letter.is_control()).take(40).collect()));
        self.inner.as_ref().map_or_else(nobody, |inner| inner.hear(knock, now))
    }
    fn listens_to(&self, source: &str) -> bool {
        self.board(source).is_some() || self.inner.as_ref().is_some_and(|inner| inner.listens_to(source))
    }
    fn largest_body(&self) -> usize {
        LARGEST_BODY
    }
}

impl BoardHook {
    pub fn hear(&self, site: &SiteId, knock: &Knock) -> Result<Heard, KnockRefused> {
        if is_only_a_look(knock, &self.secret, &self.callback_url)? {
            return Ok(Heard::Challenge(String::new()));
        }
        Ok(Heard::News(vec![News::Board(site.clone())]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbound::testing::{kept, news, post};

    #[test]
    fn only_what_is_signed_over_body_and_address_rings_the_bell() {
        let (_folder, secret) = kept("secret");
        let site: SiteId = "north".parse().unwrap();
        let hook = BoardHook { secret, callback_url: "https://example.com/webhooks".into() };
        let door = DoorWithBoards { inner: None, hooks: [(site.clone(), hook)].into() };
        // HMAC-SHA1 under `secret` over the body and the address.
        let signed = |signature: &str| post("board-north", &[("x-trello-webhook", signature)], br#"{"hello":"world"}"#);
        let heard = door.hear(&signed("FwPAcuGe9EP/+SbXFWjnEVTa0zw="), Timestamp::default());
        assert_eq!(news(heard.unwrap()), [News::Board(site)]);
        let refused = Err(KnockRefused::BadSignature);
        assert_eq!(door.hear(&signed("FwPAcuGe9EP/+SbXFWjnEVTa0zx="), Timestamp::default()), refused);
        assert_eq!(door.hear(&post("board-north", &[], "{}"), Timestamp::default()), refused);
        assert!(door.listens_to("board-north") && !door.listens_to("board-south") && !door.listens_to("trello"));
    }
}
