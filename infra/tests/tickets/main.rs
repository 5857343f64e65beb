//! Every ticket system's adapter against a server that speaks its API: one contract for all, and what is each one's own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod boards;
mod contract;
mod failures;
mod github;
mod heard;
mod outside;
mod salesforce;
mod trello;
mod webhook;

/// The whole contract for one system, a test for each rule of it.
macro_rules! keeps_the_contract {
    ($start:expr; $($rule:path as $name:ident),+ $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            $rule(&$start.await).await;
        })+
    };
    ($start:expr) => {
        $crate::keeps_the_contract!($start;
            $crate::contract::opened_when_asked_twice as a_ticket_is_opened_once_when_asked_twice,
            $crate::contract::opened_by_two_at_once as a_ticket_is_opened_once_by_two_at_once,
            $crate::contract::opened_by_two_programs as a_ticket_is_opened_once_by_two_programs_at_once,
            $crate::contract::opened_although_the_answer_was_lost as a_ticket_is_opened_once_although_the_answer_was_lost,
            $crate::contract::opened_although_no_answer_came as a_ticket_is_opened_once_although_no_answer_came,
            $crate::contract::edited as a_ticket_says_what_it_should_from_now_on,
            $crate::contract::commented_once_under_one_key as a_comment_is_made_once_under_one_key,
            $crate::contract::closed_and_reopened as a_ticket_is_closed_and_reopened_with_a_comment_each,
            $crate::contract::strange_texts as strange_and_long_texts_arrive,
            $crate::contract::another_secret as another_secret_counts_without_a_restart,
            $crate::failures::told_apart as failures_are_told_apart_and_do_no_harm,
            $crate::failures::nobody_there as a_system_that_is_not_there_is_away,
            $crate::failures::no_secret_is_shown as no_secret_is_shown_in_errors_and_logs,
        );
    };
}
pub(crate) use keeps_the_contract;
