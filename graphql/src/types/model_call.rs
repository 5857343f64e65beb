//! A call to a model as people read it: what was asked, what was answered, and what is answered now.

use super::crew::Tokens;
use crate::{
    errors::storage,
    scalars::{id, time},
};
use async_graphql::{Enum, ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{
    kept_call::KeptWords,
    model_call::{Answer, Capability, Ending, Prompt, Rendered},
    ports::model_desk::{ModelStanding as Standing, Quality, SaidAgain},
};
use millwright_projections::kept_calls::KeptCallRow;

/// How one way to one model stands.
#[derive(SimpleObject)]
pub struct ModelDeployment {
    name: ID,
    /// Whose interface it speaks.
    provider: String,
    /// As the provider calls it.
    model: String,
    class: String,
    can: Vec<String>,
    /// It stands in this house.
    local: bool,
    context: u64,
    most_output: u32,
    /// Whether it may be asked now.
    available: bool,
    /// Why not.
    why: Option<String>,
    until: Option<DateTime<Utc>>,
    /// How long it has taken lately.
    latency_ms: Option<u64>,
    /// Null: there is none in force, and it is not asked.
    price: Option<ModelPrice>,
}

/// Billionths of a dollar for a million tokens.
#[derive(SimpleObject)]
pub struct ModelPrice {
    /// The day from which it is in force.
    name: String,
    input: i64,
    cache_read: i64,
    cache_write: i64,
    output: i64,
    reasoning: i64,
}

impl From<Standing> for ModelDeployment {
    fn from(standing: Standing) -> Self {
        let Standing { deployment, left_alone, latency, price } = standing;
        let can = deployment.can.iter().map(|one| capability(*one).into()).collect();
        let available = left_alone.is_none() && price.is_some();
        let (why, until) = left_alone.map_or((None, None), |(why, until)| (Some(why), until.map(time)));
        let price = price.map(|version| {
            let price = version.price;
            ModelPrice {
                name: version.name,
                input: price.input.0,
                cache_read: price.cache_read.0,
                cache_write: price.cache_write.0,
                output: price.output.0,
                reasoning: price.reasoning.0,
            }
        });
        Self {
            name: id(&deployment.name),
            provider: deployment.provider,
            model: deployment.model,
            class: deployment.class.to_string(),
            can,
            local: deployment.is_local,
            context: deployment.context,
            most_output: deployment.most_output,
            available,
            why: why.or_else(|| price.is_none().then(|| "it has no price in force".into())),
            until,
            latency_ms: latency.map(|latency| latency.as_millis() as u64),
            price,
        }
    }
}

fn capability(can: Capability) -> &'static str {
    match can {
        Capability::Tools => "tools",
        Capability::Json => "json",
        Capability::Vision => "vision",
        Capability::Vectors => "vectors",
    }
}

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordsState {
    /// They can be read, and asked again.
    Kept,
    /// The key to them was destroyed.
    Shredded,
    /// Only their hash was kept.
    NotKept,
}

/// One attempt at a model, without its words.
#[derive(SimpleObject)]
pub struct KeptModelCall {
    pub call: ID,
    pub attempt: u32,
    site: ID,
    case_id: Option<ID>,
    agent: ID,
    deployment: ID,
    answered: bool,
    at: DateTime<Utc>,
    bytes: u64,
    /// SHA-256 of the words.
    digest: String,
    state: WordsState,
}

impl KeptModelCall {
    pub fn of(row: KeptCallRow, is_shredded: bool) -> Self {
        let state = match (row.has_words, is_shredded) {
            (false, _) => WordsState::NotKept,
            (true, true) => WordsState::Shredded,
            (true, false) => WordsState::Kept,
        };
        Self {
            call: id(row.call),
            attempt: row.attempt,
            site: id(&row.site),
            case_id: row.case.map(id),
            agent: id(&row.agent),
            deployment: id(&row.deployment),
            answered: row.answered,
            at: time(row.at),
            bytes: row.bytes,
            digest: row.digest,
            state,
        }
    }
}

/// What was asked and answered, word by word. Text from outside and from a model: to be shown as text, and as nothing else.
#[derive(SimpleObject)]
pub struct ModelCallWords {
    kept: KeptModelCall,
    system: String,
    turns: Vec<ModelTurn>,
    /// Names of the tools that it could ask for.
    tools: Vec<String>,
    /// The JSON schema that the answer was to keep to.
    wanted: Option<String>,
    max_output: u32,
    temperature: Option<f64>,
    seed: Option<u64>,
    answer: Option<ModelAnswer>,
    /// Why there is none.
    failed: Option<String>,
    quality: Option<AnswerQuality>,
}

#[derive(SimpleObject)]
pub struct ModelTurn {
    /// `user`, `assistant` or `tool`.
    who: String,
    text: String,
}

#[derive(SimpleObject)]
pub struct ModelAnswer {
    text: String,
    json: Option<String>,
    /// Tools that it wanted used, as JSON.
    tool_calls: Vec<String>,
    /// `done`, `tools`, `cut` or `withheld`.
    ending: String,
    model: String,
    tokens: Tokens,
    /// Whether the provider did not say what it counted.
    estimated: bool,
}

/// How good an answer is, as far as rules can tell.
#[derive(SimpleObject)]
pub struct AnswerQuality {
    /// Null: nobody has said what the cause was.
    names_the_cause: Option<bool>,
    /// Addresses, pages and quotations that the material does not hold.
    invented: Vec<String>,
    /// From 0 to 1.
    points: f64,
}

/// The same question, then and now.
#[derive(SimpleObject)]
pub struct ReplayedModelCall {
    pub before: ModelCallWords,
    pub now: ModelAnswer,
    pub deployment: ID,
    pub cost_nano_dollars: i64,
    pub took_ms: u64,
    pub quality: AnswerQuality,
}

impl From<Answer> for ModelAnswer {
    fn from(answer: Answer) -> Self {
        let tool_calls = answer.said.calls.iter().map(|call| format!("{} {}", call.tool, call.arguments)).collect();
        let ending = match answer.ending {
            Ending::Done => "done",
            Ending::Tools => "tools",
            Ending::Cut => "cut",
            Ending::Withheld => "withheld",
        };
        Self {
            text: answer.said.text,
            json: answer.json.map(|json| json.to_string()),
            tool_calls,
            ending: ending.into(),
            model: answer.model,
            tokens: answer.spent.usage.into(),
            estimated: answer.spent.is_estimated(),
        }
    }
}

impl From<Quality> for AnswerQuality {
    fn from(Quality { names_the_cause, invented, points }: Quality) -> Self {
        Self { names_the_cause, invented, points }
    }
}

impl ModelCallWords {
    pub fn of(kept: KeptModelCall, words: KeptWords, quality: Option<Quality>) -> Result<Self> {
        let prompt = words.prompt().map_err(storage)?;
        Ok(Self {
            kept,
            system: prompt.system(),
            turns: turns(&prompt),
            tools: prompt.tools().iter().map(|tool| tool.name.to_string()).collect(),
            wanted: prompt.wanted().map(|wanted| wanted.schema.to_string()),
            max_output: prompt.max_output(),
            temperature: prompt.wanted_temperature().map(f64::from),
            seed: prompt.wanted_seed(),
            answer: words.answer.map(ModelAnswer::from),
            failed: words.failed,
            quality: quality.map(AnswerQuality::from),
        })
    }
}

fn turns(prompt: &Prompt) -> Vec<ModelTurn> {
    let turn = |turn: Rendered<'_>| match turn {
        Rendered::User(text) => vec![ModelTurn { who: "user".into(), text }],
        Rendered::Assistant(said) => vec![ModelTurn { who: "assistant".into(), text: said.text.clone() }],
        Rendered::Results(results) => results.into_iter().map(|one| ModelTurn { who: "tool".into(), text: one.text }).collect(),
    };
    prompt.turns().into_iter().flat_map(turn).collect()
}

impl ReplayedModelCall {
    pub fn of(before: ModelCallWords, said: SaidAgain) -> Self {
        Self {
            before,
            deployment: id(&said.deployment),
            cost_nano_dollars: said.cost.0,
            took_ms: said.took.as_millis() as u64,
            quality: said.quality.into(),
            now: said.answer.into(),
        }
    }
}
