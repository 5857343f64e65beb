//! Every way of speaking to a language model against a server that speaks it: one contract for all, and what is each one's own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod contract;
mod failures;
mod house;
mod own;

use house::House;
use millwright_standin::models::Tongue;

/// The whole contract for one provider, a test for each rule of it.
macro_rules! keeps_the_contract {
    ($tongue:expr; $($rule:path as $name:ident),+ $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            $rule(&House::of($tongue).await).await;
        })+
    };
    ($tongue:expr) => {
        keeps_the_contract!($tongue;
            crate::contract::an_answer_and_its_tokens as an_answer_comes_with_its_tokens_each_counted_once,
            crate::contract::the_same_in_pieces as a_stream_says_the_same_in_pieces_and_knows_its_tokens,
            crate::contract::json_of_the_schema as json_keeps_to_its_schema_whole_and_streamed,
            crate::contract::a_lie as json_of_another_schema_is_no_answer_and_is_billed,
            crate::contract::tools as a_tool_is_called_and_its_result_is_understood,
            crate::contract::all_settings as temperature_seed_and_limit_are_taken,
            crate::contract::cut as an_answer_that_was_cut_says_so,
            crate::contract::too_much as who_says_more_than_allowed_is_billed_for_it,
            crate::contract::without_usage as who_says_nothing_of_tokens_is_estimated_high,
            crate::contract::planted as planted_words_reach_the_users_turn_only_and_fenced,
            crate::contract::bounded as no_server_counts_more_input_than_the_bound,
            crate::failures::told_apart as failures_are_told_apart,
            crate::failures::broken_off as a_stream_that_breaks_off_says_how_much_was_heard,
            crate::failures::stalled as who_never_answers_is_timed_out,
            crate::failures::stalled_halfway as a_stream_that_stands_still_is_timed_out,
            crate::failures::nobody_there as a_server_that_is_not_there_got_nothing,
            crate::failures::key_and_model as a_wrong_key_and_an_unknown_model_are_for_a_person,
            crate::failures::no_secret_is_shown as no_secret_is_shown,
            crate::failures::never_twice as each_question_is_sent_once,
        );
    };
}

mod openai {
    use super::*;
    keeps_the_contract!(Tongue::OpenAi);
}
mod anthropic {
    use super::*;
    keeps_the_contract!(Tongue::Anthropic);
}
mod gemini {
    use super::*;
    keeps_the_contract!(Tongue::Gemini);
}
mod ollama {
    use super::*;
    keeps_the_contract!(Tongue::Ollama);
}
