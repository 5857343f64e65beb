//! One call of a language model, in our own words: what is asked, what came back, what it cost, and why it failed.
//!
//! The port is [`crate::ports::language_model`]; who calls, and which model it gets, is the gateway's matter (`agents/src/gateway/`).

mod answer;
mod deployment;
mod failure;
mod price;
mod prompt;
mod routing;
mod usage;

pub use answer::{Answer, Ending, Said, ToolCall};
pub use deployment::{Capability, Deployment, ModelPolicy};
pub use failure::{Billed, CallFailed};
pub use price::{BadPrice, NanoDollars, Price, PriceList, PriceVersion};
pub use prompt::{PlainAnswer, PlainValue, Prompt, Rendered, RenderedResult, Tool, WantedJson, token_bound};
pub use routing::{Considered, Skipped, Verdict};
pub use usage::{Source, Spent, Usage};
