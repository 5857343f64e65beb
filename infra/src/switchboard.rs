//! Picks who delivers a message by the first word of its target: `notice:operators`, `mqtt:alerts/demo/pump-1`.

use async_trait::async_trait;
use millwright_domain::{
    effect::EffectWanted,
    ports::messenger::{Messenger, NotTaken},
};
use std::{collections::BTreeMap, sync::Arc};

#[derive(Default)]
pub struct Switchboard {
    adapters: BTreeMap<String, Arc<dyn Messenger>>,
}

impl Switchboard {
    pub fn with(mut self, adapter: &str, messenger: Arc<dyn Messenger>) -> Self {
        self.adapters.insert(adapter.to_string(), messenger);
        self
    }
}

#[async_trait]
impl Messenger for Switchboard {
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken> {
        let (adapter, _) = effect.adapter_and_recipient();
        match self.adapters.get(adapter) {
            Some(messenger) => messenger.deliver(effect).await,
            None => {
                let known = self.adapters.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                Err(NotTaken::ForGood(format!("nothing here delivers to `{adapter}:`, only to: {known}; is it switched off in the settings?")))
            }
        }
    }
    fn knows_keys(&self, effect: &EffectWanted) -> bool {
        self.adapters.get(effect.adapter_and_recipient().0).is_none_or(|messenger| messenger.knows_keys(effect))
    }
    fn breaks_with<'a>(&self, effect: &'a EffectWanted) -> &'a str {
        let adapter = effect.adapter_and_recipient().0;
        self.adapters.get(adapter).map_or(adapter, |messenger| messenger.breaks_with(effect))
    }
    fn at_once(&self, adapter: &str) -> usize {
        self.adapters.get(adapter).map_or(1, |messenger| messenger.at_once(adapter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::ids::{EffectId, derived};

    struct Answers(&'static str);

    #[async_trait]
    impl Messenger for Answers {
        async fn deliver(&self, _: &EffectWanted) -> Result<String, NotTaken> {
            Ok(self.0.into())
        }
        fn breaks_with<'a>(&self, effect: &'a EffectWanted) -> &'a str {
            &effect.target
        }
    }

    fn to(target: &str) -> EffectWanted {
        let (idempotency_key, target, subject, body) = ("k".into(), target.into(), String::new(), String::new());
        EffectWanted { effect: EffectId(derived("k", "test", 0)), idempotency_key, target, subject, body, case: None, action: None, quotes: vec![] }
    }

    #[tokio::test]
    async fn a_target_goes_to_its_own_adapter_and_an_unknown_one_to_nobody_for_good() {
        let board = Switchboard::default().with("notice", Arc::new(Answers("n"))).with("mqtt", Arc::new(Answers("m")));
        assert_eq!(board.deliver(&to("notice:operators")).await, Ok("n".into()));
        assert_eq!(board.deliver(&to("mqtt:alerts/demo/pump-1")).await, Ok("m".into()));
        assert_eq!(board.breaks_with(&to("mqtt:alerts/demo/pump-1")), "mqtt:alerts/demo/pump-1", "as its adapter says");
        assert_eq!(board.breaks_with(&to("pigeon:roof")), "pigeon");
        for unknown in ["pigeon:roof", "mqttx:a", "", "mqtt"] {
            let delivered = board.deliver(&to(unknown)).await;
            let refused = matches!(&delivered, Err(NotTaken::ForGood(why)) if why.contains("mqtt, notice"));
            assert!(refused || unknown == "mqtt", "{unknown}: {delivered:?}");
        }
    }
}
