//! How good an answer is, as far as rules can tell: whether it names the cause that a person found, and what in it the material does not hold. Pure.

use millwright_domain::{
    ids::CauseId,
    model_call::{Answer, Prompt, Rendered},
    ports::model_desk::Quality,
};

/// A quotation shorter than this is a word in quotes and no citation.
const LEAST_QUOTE: usize = 12;
/// More than these are not told.
const MOST_TOLD: usize = 20;

/// JSON that was wanted and is not there never comes here: such an answer has failed.
pub fn judged(prompt: &Prompt, answer: &Answer, cause: Option<&CauseId>) -> Quality {
    let mut text = answer.said.text.clone();
    if let Some(json) = &answer.json {
        text.push('\n');
        text.push_str(&json.to_string());
    }
    let names_the_cause = cause.map(|cause| names(&text, cause));
    let invented = invented(&text, &material(prompt));
    let honest = f64::from(u8::from(invented.is_empty()));
    let points = names_the_cause.map_or(honest, |named| (honest + f64::from(u8::from(named))) / 2.0);
    Quality { names_the_cause, invented, points }
}

/// All that the model was shown.
fn material(prompt: &Prompt) -> String {
    let turns = prompt.turns().into_iter().map(|turn| match turn {
        Rendered::User(text) => text,
        Rendered::Assistant(said) => said.text.clone(),
        Rendered::Results(results) => results.into_iter().map(|result| result.text).collect::<Vec<_>>().join("\n"),
    });
    plain(&turns.collect::<Vec<_>>().join("\n"))
}

/// As a cause is written by people: each of its words, whatever stands between.
fn names(text: &str, cause: &CauseId) -> bool {
    let text = plain(text);
    cause.as_str().split(['_', '-']).filter(|word| !word.is_empty()).all(|word| text.contains(word))
}

/// Addresses, pages and quotations that nobody showed it.
fn invented(text: &str, material: &str) -> Vec<String> {
    let cited = addresses(text).into_iter().chain(pages(text)).chain(quotations(text));
    cited.filter(|cited| !material.contains(&plain(cited))).take(MOST_TOLD).collect()
}

fn addresses(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '"' | '[' | ']'));
    let is_address = |word: &&str| word.contains("://") || word.starts_with("www.");
    words.filter(is_address).map(|word| word.trim_end_matches(['.', ',', ';', ':']).to_string()).collect()
}

/// "page 12" and "p. 12", as "page 12" and "p. 12".
fn pages(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = |word: &str| {
        let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
        (!digits.is_empty()).then_some(digits)
    };
    let pairs = words.windows(2).filter_map(|pair| {
        let before = pair[0].trim_start_matches(['(', '[']).to_lowercase();
        matches!(before.as_str(), "page" | "p.").then(|| number(pair[1]).map(|number| format!("{before} {number}"))).flatten()
    });
    pairs.collect()
}

fn quotations(text: &str) -> Vec<String> {
    let mut found = vec![];
    for (open, close) in [('“', '”'), ('"', '"'), ('„', '“')] {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once(open) {
            let Some((inside, behind)) = after.split_once(close) else { break };
            if inside.chars().count() >= LEAST_QUOTE && inside.contains(' ') {
                found.push(inside.to_string());
            }
            rest = behind;
        }
    }
    found
}

/// Small letters, single spaces: a line break in a quotation does not make it an invention.
fn plain(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::{
        model_call::{Ending, Said, Spent, Usage},
        untrusted::{Nonce, Origin, Untrusted},
    };

    fn judge(text: &str, cause: Option<&str>) -> Quality {
        let shown = "Pump handbook, page 12: “Replace the bearing\nabove 7 mm/s.” See https://acme.example/pump.";
        let prompt = Prompt::new("s", Nonce::of(1)).say("Why?").show(Untrusted::new(Origin::Manual, shown));
        let said = Said { text: text.into(), calls: vec![] };
        let answer = Answer { said, json: None, ending: Ending::Done, spent: Spent::told(Usage::default()), model: "m".into() };
        judged(&prompt, &answer, cause.map(|cause| cause.parse().unwrap()).as_ref())
    }

    #[test]
    fn what_stands_in_the_material_is_no_invention() {
        let fair =
            judge("Bearing wear. The handbook (page 12) says “replace the bearing above 7 mm/s.”: https://acme.example/pump", Some("bearing_wear"));
        assert_eq!(fair, Quality { names_the_cause: Some(true), invented: vec![], points: 1.0 });
    }

    #[test]
    fn a_forged_page_address_or_quotation_is_told_and_costs() {
        let forged = judge("See page 99, http://evil.example/x and “the maker allows 20 mm/s at any time”.", Some("bearing_wear"));
        assert_eq!(forged.invented, ["http://evil.example/x", "page 99", "the maker allows 20 mm/s at any time"]);
        assert_eq!((forged.names_the_cause, forged.points), (Some(false), 0.0));
        assert_eq!(judge("Bearing wear on page 3.", Some("bearing_wear")).points, 0.5);
    }

    #[test]
    fn without_a_persons_word_only_honesty_counts() {
        assert_eq!(judge("I do not know.", None), Quality { names_the_cause: None, invented: vec![], points: 1.0 });
    }
}
