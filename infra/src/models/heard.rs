//! What was heard of an answer, and whether it is what was asked for: JSON is held against its schema here, whatever the provider promised.

use super::dialect::unreadable;
use millwright_domain::model_call::{Answer, CallFailed, Ending, Prompt, Said, Source, Spent, ToolCall, Usage};
use millwright_domain::plain::cleaned;
use serde_json::Value;

/// How much of what is wrong is told.
const LONGEST_WORDS: usize = 200;

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Heard {
    pub text: String,
    pub calls: Vec<HeardCall>,
    pub ending: Option<Ending>,
    pub usage: Option<Usage>,
    pub model: String,
}

/// Its arguments are text until the last of it has come.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct HeardCall {
    pub id: String,
    pub tool: String,
    pub arguments: String,
}

impl Heard {
    pub fn bytes(&self) -> u64 {
        let calls: usize = self.calls.iter().map(|call| call.tool.len() + call.arguments.len()).sum();
        (self.text.len() + calls) as u64
    }

    /// The call of this number in the answer, made if there is none yet. Providers number them from 0 without gaps.
    pub fn call(&mut self, number: usize) -> Option<&mut HeardCall> {
        if number == self.calls.len() {
            self.calls.push(HeardCall::default());
        }
        self.calls.get_mut(number)
    }

    pub fn into_answer(self, prompt: &Prompt, place: &str) -> Result<Answer, CallFailed> {
        let usage = self.usage;
        let not_asked = |said: String| unreadable(place, &cleaned(&said, LONGEST_WORDS), usage);
        let ending = self.ending.unwrap_or(Ending::Done);
        if ending == Ending::Withheld {
            return Err(not_asked("the provider withheld it".into()));
        }
        let calls =
            self.calls.iter().enumerate().map(|(number, call)| wish(call, number, prompt)).collect::<Result<Vec<_>, _>>().map_err(not_asked)?;
        if calls.is_empty() && self.text.trim().is_empty() {
            return Err(not_asked("it is empty".into()));
        }
        let json = match prompt.wanted() {
            Some(wanted) if calls.is_empty() => Some(checked(&self.text, &wanted.schema).map_err(not_asked)?),
            _ => None,
        };
        let spent = usage.map_or_else(|| self.estimated(prompt), Spent::told);
        Ok(Answer { said: Said { text: self.text, calls }, json, ending, spent, model: self.model })
    }

    /// On the high side: as many tokens as bytes, on the input's bound.
    fn estimated(&self, prompt: &Prompt) -> Spent {
        Spent { usage: Usage { input: prompt.input_bound(), output: self.bytes(), ..Usage::default() }, source: Source::Estimated }
    }
}

/// Only of tools that were offered, with arguments that fit.
fn wish(call: &HeardCall, number: usize, prompt: &Prompt) -> Result<ToolCall, String> {
    let tool = prompt.tools().iter().find(|tool| tool.name == call.tool).ok_or_else(|| format!("there is no tool {:?}", call.tool))?;
    let text = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
    let arguments = checked(text, &tool.parameters).map_err(|why| format!("the arguments of {}: {why}", tool.name))?;
    let id = if call.id.is_empty() { format!("call_{number}") } else { call.id.clone() };
    Ok(ToolCall { id, tool: tool.name.to_string(), arguments })
}

/// The text as JSON, if it keeps to the schema.
pub(super) fn checked(text: &str, schema: &Value) -> Result<Value, String> {
    let value: Value = serde_json::from_str(unfenced(text)).map_err(|cause| format!("no JSON: {cause}"))?;
    let validator = jsonschema::validator_for(schema).map_err(|cause| format!("the schema itself is none: {cause}"))?;
    match validator.validate(&value) {
        Ok(()) => Ok(value),
        Err(error) => Err(format!("not as the schema says: {error} at {:?}", error.instance_path().as_str())),
    }
}

/// Models like to put JSON into a block of Markdown.
fn unfenced(text: &str) -> &str {
    let trimmed = text.trim();
    let inner = trimmed.strip_prefix("```json").or_else(|| trimmed.strip_prefix("```")).and_then(|rest| rest.strip_suffix("```"));
    inner.map_or(trimmed, str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::untrusted::Nonce;
    use serde_json::json;

    fn prompt() -> Prompt {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": false});
        Prompt::new("s", Nonce::of(1)).say("q").tool("look", "looks", schema.clone()).wanting("number", schema)
    }
    fn heard(text: &str) -> Heard {
        Heard { text: text.into(), usage: Some(Usage { output: 9, ..Usage::default() }), ..Heard::default() }
    }

    #[test]
    fn json_is_read_also_out_of_a_block_and_a_lie_is_billed_and_no_answer() {
        for text in ["{\"n\":1}", "```json\n{\"n\":1}\n```", "```\n{\"n\":1}```"] {
            assert_eq!(heard(text).into_answer(&prompt(), "here").unwrap().json, Some(json!({"n": 1})), "{text}");
        }
        for text in ["{\"n\":\"1\"}", "{}", "{\"n\":1,\"m\":2}", "one", ""] {
            let failed = heard(text).into_answer(&prompt(), "here").unwrap_err();
            assert!(matches!(&failed, CallFailed::BadAnswer { usage: Some(usage), .. } if usage.output == 9), "{text}: {failed:?}");
        }
    }

    #[test]
    fn only_tools_that_were_offered_are_called_and_with_what_fits() {
        let with = |tool: &str, arguments: &str| {
            let call = HeardCall { id: String::new(), tool: tool.into(), arguments: arguments.into() };
            Heard { calls: vec![call], ..heard("") }.into_answer(&prompt(), "here")
        };
        let answer = with("look", "{\"n\":2}").unwrap();
        assert_eq!(answer.said.calls, [ToolCall { id: "call_0".into(), tool: "look".into(), arguments: json!({"n": 2}) }]);
        assert_eq!(answer.json, None, "the JSON comes after the tools");
        assert!(with("look", "{\"n\":").is_err() && with("look", "{}").is_err() && with("shut_down", "{\"n\":2}").is_err());
    }

    #[test]
    fn who_says_nothing_of_tokens_is_estimated_high() {
        let answer = Heard { usage: None, ..heard("{\"n\":1}") }.into_answer(&prompt(), "here").unwrap();
        assert_eq!((answer.spent.source, answer.spent.usage.input, answer.spent.usage.output), (Source::Estimated, prompt().input_bound(), 7));
    }
}
