//! Which cause was named for which fault, and as what kind of change it was seen: a table that shows where names are mixed up.

use super::faults::JudgedCase;
use std::{collections::BTreeMap, fmt::Write};

/// Rows are what was really so, columns what was said.
pub fn confusion(title: &str, said: &[(String, String)]) -> String {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (truth, word) in said {
        *counts.entry((truth, word)).or_default() += 1;
    }
    let mut truths: Vec<&str> = counts.keys().map(|(truth, _)| *truth).collect();
    let mut words: Vec<&str> = counts.keys().map(|(_, word)| *word).collect();
    truths.dedup();
    words.sort_unstable();
    words.dedup();
    let mut text = format!("\n| {title} | {} |\n|---|{}\n", words.join(" | "), "---|".repeat(words.len()));
    for truth in truths {
        let cells: Vec<String> = words.iter().map(|word| counts.get(&(truth, *word)).map_or_else(String::new, ToString::to_string)).collect();
        writeln!(text, "| {truth} | {} |", cells.join(" | ")).expect("a String takes every write");
    }
    text
}

/// Of cases: causes, then kinds of change.
pub fn of_cases(cases: &[JudgedCase]) -> String {
    let word = |cause: Option<String>| cause.unwrap_or_else(|| "none".into());
    let truth = |case: &JudgedCase| word(case.truth.as_ref().map(ToString::to_string));
    let causes: Vec<(String, String)> = cases.iter().map(|case| (truth(case), word(case.cause.as_ref().map(ToString::to_string)))).collect();
    let kinds: Vec<(String, String)> = cases.iter().map(|case| (truth(case), word(case.change.map(|change| change.to_string())))).collect();
    if cases.is_empty() {
        String::new()
    } else {
        confusion("true fault ↓ named →", &causes) + &confusion("true fault ↓ kind of change →", &kinds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mixed_up_stands_off_the_diagonal() {
        let said =
            [("clogging", "clogging"), ("clogging", "leak"), ("leak", "leak"), ("leak", "leak")].map(|(truth, word)| (truth.into(), word.into()));
        assert_eq!(confusion("x", &said), "\n| x | clogging | leak |\n|---|---|---|\n| clogging | 1 | 1 |\n| leak |  | 2 |\n");
    }
}
