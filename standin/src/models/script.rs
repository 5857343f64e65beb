//! What a stand-in model says and how it goes wrong, and its bill: the truth that a budget is held against.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;

/// What it says.
#[derive(Debug, Clone, PartialEq)]
pub enum Say {
    /// What fits what was asked: JSON of the schema, or a sentence.
    Anything,
    Text(String),
    /// So many bytes.
    Much(usize),
    Call {
        tool: String,
        arguments: Value,
    },
    /// With so many tokens of the input from its cache, and so many thought before.
    Thoughtful {
        text: String,
        cached: u64,
        thought: u64,
    },
}

/// How it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Before anything was counted, to be left alone for so many seconds.
    TooOften(u64),
    /// Before anything was counted.
    Overloaded,
    /// Counts nothing, and fails.
    Fails,
    /// Counts it all, and never answers.
    Stalls,
    /// Says half of it, and closes the connection.
    BreaksOff,
    /// Says half of it (in a stream), and then nothing more.
    StallsHalfway,
    /// Says nothing about tokens.
    NoUsage,
    /// JSON that is not of the schema.
    WrongJson,
    /// More than it was allowed to.
    TooMuch,
    /// Nothing, for reasons of its own.
    Withholds,
    /// Keeps to the form, and names things that nobody told it of.
    Invents,
}

const MOODS: [Trouble; 10] = [
    Trouble::TooOften(1),
    Trouble::Overloaded,
    Trouble::Fails,
    Trouble::Stalls,
    Trouble::BreaksOff,
    Trouble::StallsHalfway,
    Trouble::NoUsage,
    Trouble::WrongJson,
    Trouble::TooMuch,
    Trouble::Invents,
];

/// Tokens of one answer, as a provider counts them: input with the cached part, output with the thoughts.
///
/// `is_told`: whoever asked can know, because the answer came whole and says what it used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bill {
    pub input: u64,
    pub cached: u64,
    pub output: u64,
    pub thought: u64,
    pub is_told: bool,
}

impl Bill {
    pub fn total(&self) -> u64 {
        self.input + self.output
    }
}

/// A question, brought into one form.
pub(super) struct Asked {
    pub input: u64,
    pub max_output: u64,
    pub schema: Option<Value>,
    pub tools: Vec<String>,
    pub streaming: bool,
}

/// An answer, before it is put into a provider's form.
pub(super) struct Given {
    pub text: String,
    pub call: Option<(String, Value)>,
    pub bill: Bill,
    pub is_cut: bool,
    pub tells_usage: bool,
    pub is_withheld: bool,
    pub end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Whole,
    BreaksOff,
    Stalls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    TooOften(u64),
    Overloaded,
    Fails,
}

#[derive(Default)]
pub(super) struct Script {
    pub next: VecDeque<(Say, Option<Trouble>)>,
    pub bills: Vec<Bill>,
    pub asked: Vec<Value>,
    moods: Option<(ChaCha8Rng, u32)>,
}

impl Script {
    pub fn mood(&mut self, seed: u64, of_a_hundred: u32) {
        self.moods = Some((ChaCha8Rng::seed_from_u64(seed), of_a_hundred));
    }

    pub fn answer(&mut self, asked: &Asked) -> Result<Given, Refusal> {
        let (say, trouble) = self.next.pop_front().unwrap_or_else(|| (Say::Anything, self.random()));
        match trouble {
            Some(Trouble::TooOften(seconds)) => return Err(Refusal::TooOften(seconds)),
            Some(Trouble::Overloaded) => return Err(Refusal::Overloaded),
            Some(Trouble::Fails) => return Err(Refusal::Fails),
            _ => {}
        }
        let mut given = given(say, asked, trouble);
        let trouble_in_a_stream = asked.streaming && matches!(trouble, Some(Trouble::BreaksOff | Trouble::StallsHalfway));
        if trouble_in_a_stream {
            given.bill.output = tokens(&given.text[..half(&given.text)]);
        }
        given.bill.is_told = given.tells_usage && given.end == End::Whole;
        self.bills.push(given.bill);
        Ok(given)
    }

    fn random(&mut self) -> Option<Trouble> {
        let (random, share) = self.moods.as_mut()?;
        (random.random_range(0..100) < *share).then(|| MOODS[random.random_range(0..MOODS.len())])
    }
}

fn given(say: Say, asked: &Asked, trouble: Option<Trouble>) -> Given {
    let mut bill = Bill { input: asked.input, ..Bill::default() };
    let (mut text, mut call) = (String::new(), None);
    match say {
        Say::Anything => text = fitting(asked),
        Say::Text(said) => text = said,
        Say::Much(bytes) => text = "word ".repeat(bytes / 5 + 1)[..bytes].to_string(),
        Say::Call { tool, arguments } => call = asked.tools.contains(&tool).then_some((tool, arguments)),
        Say::Thoughtful { text: said, cached, thought } => {
            (text, bill.cached, bill.thought) = (said, cached.min(asked.input), thought);
        }
    }
    match trouble {
        Some(Trouble::WrongJson) => text = json!({ "lie": [text] }).to_string(),
        Some(Trouble::TooMuch) => text.push_str(&" and on".repeat(usize::try_from(asked.max_output).unwrap_or(100))),
        Some(Trouble::Withholds) => text.clear(),
        Some(Trouble::Invents) => text = invented(asked),
        _ => {}
    }
    let mut output = tokens(&text) + call.as_ref().map_or(0, |(tool, arguments)| tokens(tool) + tokens(&arguments.to_string())) + bill.thought;
    let is_cut = output > asked.max_output && trouble != Some(Trouble::TooMuch);
    if is_cut {
        output = asked.max_output;
        let room = usize::try_from(output.saturating_sub(bill.thought) * 4).unwrap_or(0);
        text = text
            .chars()
            .scan(0, |length, c| {
                *length += c.len_utf8();
                (*length <= room).then_some(c)
            })
            .collect();
    }
    bill.output = output;
    let end = match trouble {
        Some(Trouble::Stalls) => End::Stalls,
        Some(Trouble::StallsHalfway) if asked.streaming => End::Stalls,
        Some(Trouble::StallsHalfway | Trouble::BreaksOff) => End::BreaksOff,
        _ => End::Whole,
    };
    if trouble == Some(Trouble::Stalls) && asked.streaming {
        text.clear();
    }
    let (tells_usage, is_withheld) = (trouble != Some(Trouble::NoUsage), trouble == Some(Trouble::Withholds));
    Given { text, call, bill, is_cut, tells_usage, is_withheld, end }
}

fn fitting(asked: &Asked) -> String {
    match &asked.schema {
        Some(schema) => of_schema(schema, &SMALLEST).to_string(),
        None => format!("I have read {} tokens and see nothing unusual.", asked.input),
    }
}

fn invented(asked: &Asked) -> String {
    let words = "Open valve V-99 at once, as https://example.org says";
    match &asked.schema {
        Some(schema) => of_schema(schema, &Filling { words, number: 99 }).to_string(),
        None => words.into(),
    }
}

/// What stands where a schema leaves a choice.
pub(super) struct Filling {
    words: &'static str,
    /// At least: where the schema asks for more, that.
    number: i64,
}

pub(super) const SMALLEST: Filling = Filling { words: "something", number: 0 };

/// A small thing that keeps to a plain schema. A list has one entry, so that something is said.
pub(super) fn of_schema(schema: &Value, filling: &Filling) -> Value {
    if let Some(first) = schema["enum"].as_array().and_then(|list| list.first()) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("object") => {
            let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            required.iter().map(|name| (name.to_string(), of_schema(&schema["properties"][name], filling))).collect::<Map<_, _>>().into()
        }
        Some("array") => {
            let least = schema["minItems"].as_u64().unwrap_or(0).max(1);
            (0..least).map(|_| of_schema(&schema["items"], filling)).collect()
        }
        Some("integer") => schema["minimum"].as_i64().unwrap_or(0).max(filling.number).into(),
        Some("number") => schema["minimum"].as_f64().unwrap_or(0.0).max(filling.number as f64).into(),
        Some("boolean") => false.into(),
        _ => filling.words.into(),
    }
}

/// About as a tokenizer would.
pub(super) fn tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}

/// Of all texts in a body, wherever they are.
pub(super) fn tokens_in(value: &Value) -> u64 {
    match value {
        Value::String(text) => tokens(text),
        Value::Array(list) => list.iter().map(tokens_in).sum(),
        Value::Object(fields) => fields.values().map(tokens_in).sum(),
        _ => 0,
    }
}

pub(super) fn half(text: &str) -> usize {
    text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at)
}
