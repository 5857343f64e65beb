//! Puts words that stand sealed on the ledger into a message right before it leaves, so that they are nowhere in the clear but where they go.

use async_trait::async_trait;
use millwright_domain::{
    effect::{EffectWanted, quote},
    ports::{
        messenger::{Messenger, NotTaken},
        vault::Vault,
    },
};
use std::sync::Arc;

/// Of somebody's words, no more is passed on.
const MOST_WORDS: usize = 160;
const FORGOTTEN: &str = "(forgotten)";

/// Before a messenger that delivers texts as they are.
pub struct Quoting {
    pub inner: Arc<dyn Messenger>,
    pub vault: Arc<dyn Vault>,
}

impl Quoting {
    fn filled(&self, effect: &EffectWanted) -> Result<EffectWanted, NotTaken> {
        let mut filled = effect.clone();
        for (number, sealed) in effect.quotes.iter().enumerate() {
            let words = self.vault.open(sealed).map_err(|cause| NotTaken::ForNow(format!("words of somebody cannot be opened now: {cause}")))?;
            let words = words.map_or_else(|| FORGOTTEN.to_string(), |words| plain(&words));
            filled.body = filled.body.replace(&quote(number), &words);
        }
        Ok(filled)
    }
}

#[async_trait]
impl Messenger for Quoting {
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken> {
        if effect.quotes.is_empty() {
            return self.inner.deliver(effect).await;
        }
        self.inner.deliver(&self.filled(effect)?).await
    }
    fn knows_keys(&self, effect: &EffectWanted) -> bool {
        self.inner.knows_keys(effect)
    }
    fn breaks_with<'a>(&self, effect: &'a EffectWanted) -> &'a str {
        self.inner.breaks_with(effect)
    }
    fn at_once(&self, adapter: &str) -> usize {
        self.inner.at_once(adapter)
    }
}

/// One line, no longer than is read on a phone, without a letter that means anything in JSON or Markdown: it is put into either as it is.
fn plain(words: &str) -> String {
    let kept = words.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).filter(|letter| !"\"\\<>@[]`|!⟦⟧".contains(*letter));
    kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MOST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::{
        ids::{ActorId, EffectId, derived},
        message::Message,
        ports::vault::VaultError,
        sealed::Sealed,
    };
    use proptest::prelude::*;

    struct Echo;
    #[async_trait]
    impl Messenger for Echo {
        async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken> {
            Ok(effect.body.clone())
        }
    }
    /// Sealed under `gone`, words are forgotten; else they stand there as they are.
    struct Plain;
    impl Vault for Plain {
        fn seal(&self, subject: &ActorId, text: &str) -> Result<Sealed, VaultError> {
            Ok(Sealed { subject: subject.clone(), nonce: String::new(), text: text.into() })
        }
        fn open(&self, sealed: &Sealed) -> Result<Option<String>, VaultError> {
            Ok((sealed.subject.as_str() != "gone").then(|| sealed.text.clone()))
        }
        fn forget(&self, _: &ActorId) -> Result<(), VaultError> {
            Ok(())
        }
    }

    fn delivered(subject: &str, words: &str) -> String {
        let quotes = vec![Plain.seal(&subject.parse().unwrap(), words).unwrap()];
        let body = Message::plain("h", format!("Last time: \"{}\".", quote(0))).body_for("whatsapp:ann");
        let (idempotency_key, target, subject) = ("k".into(), "whatsapp:ann".into(), String::new());
        let effect =
            EffectWanted { effect: EffectId(derived("k", "test", 0)), idempotency_key, target, subject, body, case: None, action: None, quotes };
        let quoting = Quoting { inner: Arc::new(Echo), vault: Arc::new(Plain) };
        let body = futures::executor::block_on(quoting.deliver(&effect)).unwrap();
        Message::of_body(&body).unwrap().text
    }

    #[test]
    fn words_are_put_in_as_they_are_read_and_those_of_a_forgotten_person_never() {
        assert_eq!(delivered("ann", "fixed\n the bearing"), "Last time: \"fixed the bearing\".");
        assert_eq!(delivered("gone", "fixed the bearing"), "Last time: \"(forgotten)\".");
    }

    proptest! {
        #[test]
        fn no_words_break_the_message_that_they_are_put_into(words in ".{0,400}") {
            prop_assert!(delivered("ann", &words).starts_with("Last time: \""));
        }
    }
}
