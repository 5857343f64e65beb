//! The built-in model: says what our own rules say. Always there, without a key, a token or a network, and the same each time.

use super::heard::Heard;
use async_trait::async_trait;
use millwright_domain::{
    model_call::{Answer, CallFailed, Prompt, Usage},
    ports::language_model::{LanguageModel, Tell},
};
use std::time::Duration;

#[derive(Debug, Clone, Copy, Default)]
pub struct Rules;

#[async_trait]
impl LanguageModel for Rules {
    async fn complete(&self, prompt: &Prompt, _within: Duration) -> Result<Answer, CallFailed> {
        let none = || CallFailed::Refused("the rules have no answer to this; configure a model under models.deployments".into());
        let plain = prompt.plainly().ok_or_else(none)?;
        // Where JSON is wanted it is what is checked, and the text is for people.
        let text = match (prompt.wanted(), &plain.json) {
            (Some(_wanted), Some(json)) => json.to_string(),
            (Some(_wanted), None) => return Err(none()),
            (None, _) => plain.text.clone(),
        };
        let heard = Heard { text, usage: Some(Usage::default()), model: "rules".into(), ..Heard::default() };
        let mut answer = heard.into_answer(prompt, "the built-in model")?;
        answer.said.text.clone_from(&plain.text);
        Ok(answer)
    }

    async fn stream(&self, prompt: &Prompt, within: Duration, tell: Tell<'_>) -> Result<Answer, CallFailed> {
        let answer = self.complete(prompt, within).await?;
        tell(&answer.said.text);
        Ok(answer)
    }

    async fn count(&self, _prompt: &Prompt, _within: Duration) -> Option<u64> {
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::untrusted::Nonce;
    use serde_json::json;

    #[tokio::test]
    async fn it_says_what_the_rules_say_and_spends_nothing() {
        let ask = |prompt: Prompt| async move { Rules.complete(&prompt, Duration::ZERO).await };
        let prompt = || Prompt::new("s", Nonce::of(1)).say("Why?");
        let answer = ask(prompt().or_plainly("The bearing is worn.", None)).await.unwrap();
        assert_eq!((answer.said.text.as_str(), answer.spent.usage.total()), ("The bearing is worn.", 0));
        assert_eq!(ask(prompt()).await.unwrap_err().kind(), "refused");
        let schema = json!({"type": "object", "required": ["cause"]});
        let worn = Some(json!({"cause": "bearing_wear"}));
        let answer = ask(prompt().wanting("cause", schema.clone()).or_plainly("Worn.", worn.clone())).await.unwrap();
        assert_eq!((answer.json, answer.said.text.as_str()), (worn, "Worn."));
        assert_eq!(ask(prompt().wanting("cause", schema).or_plainly("Worn.", Some(json!({})))).await.unwrap_err().kind(), "bad_answer");
    }
}
