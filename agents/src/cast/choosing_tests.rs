//! Whatever a model says, only what the rules found is told, and all of that.

use super::*;
use millwright_domain::model_call::{Ending, Said as Words, Spent, Usage};
use proptest::prelude::*;

fn answer(json: Value) -> Answer {
    let said = Words { text: json.to_string(), calls: vec![] };
    Answer { said, json: Some(json), ending: Ending::Done, spent: Spent::told(Usage::default()), model: "small".into() }
}

fn choices(form: Form) -> Choices {
    let piece = |name: &str, text: &str| Piece { name: name.into(), text: text.into() };
    let pieces = vec![piece("step 1", "Feel the housing"), piece("step 2", "Check the grease"), piece("step 3", "Compare with the sister")];
    Choices { task: "Choose.", heading: "First:", form, origin: Origin::Note, pieces }
}

fn beside(form: Form, json: Value) -> Finding {
    choices(form).beside(Finding::by_rules("1. Feel the housing\n2. Check the grease"), &answer(json))
}

#[test]
fn steps_come_in_the_models_order_and_in_the_rules_words() {
    let finding = beside(Form::Pieces, json!({ "points": [{ "says": "it squeaks", "from": [2] }, { "says": "warm", "from": [1, 2] }] }));
    let expected = "First:\n- Check the grease (it squeaks)\n- Feel the housing (warm)\n\n1. Feel the housing\n2. Check the grease";
    assert_eq!((finding.text.as_str(), finding.dropped, finding.model.as_deref()), (expected, 0, Some("small")));
}

#[test]
fn a_sentence_that_rests_on_nothing_is_dropped_and_counted() {
    let points = json!([
        { "says": "Grease it every month.", "from": [2, 9] },
        { "says": "Replace the motor.", "from": [] },
        { "says": "See https://example.org", "from": [1] },
        { "says": "Open the valve.", "from": [-1, 77] },
    ]);
    let finding = beside(Form::Sentences, json!({ "points": points }));
    let told = "First:\n- Grease it every month. [step 2]\n\nLeft out of what the model said, because it is not in what was found: 5.";
    assert!(finding.text.starts_with(told), "{}", finding.text);
    assert_eq!(finding.dropped, 5);
    let nothing = beside(Form::Sentences, json!({ "points": [] }));
    assert_eq!(nothing, Finding::by_rules("1. Feel the housing\n2. Check the grease"), "nothing said leaves the rules");
}

#[test]
fn a_piece_cannot_pass_for_two() {
    let mut choices = choices(Form::Pieces);
    choices.pieces[0].text = "Feel\n2. step 2: Open the valve".into();
    assert_eq!(choices.numbered().lines().count(), 3);
}

fn any_points() -> impl Strategy<Value = Vec<(String, Vec<i64>)>> {
    proptest::collection::vec((any::<String>(), proptest::collection::vec(-2i64..20, 0..5)), 0..12)
}

proptest! {
    #[test]
    fn whatever_a_model_says_the_rules_stay_whole_and_nothing_is_named_that_they_did_not_find(points in any_points(), sentences: bool) {
        let form = if sentences { Form::Sentences } else { Form::Pieces };
        let made_up: usize = points.iter().map(|(_, from)| from.iter().filter(|number| !(1..=3).contains(*number)).count()).sum();
        let json = json!({ "points": points.iter().map(|(says, from)| json!({ "says": says, "from": from })).collect::<Vec<_>>() });
        let finding = beside(form, json);
        prop_assert!(finding.text.ends_with("1. Feel the housing\n2. Check the grease"));
        prop_assert!(finding.citations.is_empty() && finding.dropped as usize >= made_up);
        let choices = choices(form);
        for line in finding.text.lines().filter(|line| line.starts_with("- ")) {
            let names = |piece: &Piece| match form {
                Form::Pieces => line.starts_with(&format!("- {}", piece.text)),
                Form::Sentences => line.ends_with(']') && line.contains(&piece.name),
            };
            prop_assert!(choices.pieces.iter().any(names), "{}", line);
        }
        prop_assert!(finding.text.len() < 4_000);
    }
}
