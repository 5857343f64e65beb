//! Rules from YAML. A file that is wrong is refused as a whole with its line and reason, so that half a rule never judges a machine.

use super::{
    condition::{Condition, Of},
    rule::{Rule, Rules},
};
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_saphyr::Spanned;
use thiserror::Error;

/// Why a rule file was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}:{line}: {reason}")]
pub struct BadRules {
    pub file: String,
    /// From 1; 0 when it is the file as a whole.
    pub line: u64,
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    rules: Vec<Spanned<Rule>>,
}

/// As an editor sees a rule file.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is asked for")]
struct RuleFileShape {
    rules: Vec<Rule>,
}

/// JSON Schema of a rule file, so that an editor completes and checks while one writes.
pub fn schema() -> Schema {
    let mut schema = millwright_domain::schema::of::<RuleFileShape>();
    schema.insert("title".into(), "Millwright diagnosis rules".into());
    schema
}

/// Larger than any rule file that a person wrote.
const MOST_BYTES: usize = 1 << 20;

impl Rules {
    /// The rules of one file. Never panics, whatever the bytes.
    pub fn parse(yaml: &str, file: &str) -> Result<Self, BadRules> {
        parse(yaml, file).map(Self::new)
    }
}

/// The rules of one file, in order.
pub fn parse(yaml: &str, file: &str) -> Result<Vec<Rule>, BadRules> {
    let refused = |line, reason: String| BadRules { file: file.into(), line, reason };
    if yaml.len() > MOST_BYTES {
        return Err(refused(0, format!("the file has {} bytes; split it, {MOST_BYTES} are the most", yaml.len())));
    }
    let parsed: RuleFile = serde_saphyr::from_str(yaml).map_err(|cause| {
        let line = cause.location().map_or(0, |location| location.line());
        refused(line, first_line(&cause.without_snippet().to_string()))
    })?;
    for rule in &parsed.rules {
        if let Some(fault) = fault(&rule.value) {
            return Err(refused(rule.referenced.line(), format!("rule {}: {fault}", rule.value.cause)));
        }
    }
    Ok(parsed.rules.into_iter().map(|rule| rule.value).collect())
}

fn first_line(text: &str) -> String {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or("is not YAML").trim().chars().take(300).collect()
}

/// Why a rule cannot be one, if so.
fn fault(rule: &Rule) -> Option<String> {
    if rule.when.is_empty() {
        return Some("needs at least one condition under `when`".into());
    }
    if !(0.0..=1.0).contains(&rule.confidence) {
        return Some(format!("confidence {} is not between 0 and 1", rule.confidence));
    }
    if let Some(fault) = rule.conditions().find_map(Condition::fault) {
        return Some(format!("a condition {fault}"));
    }
    let is_about = !rule.about.is_empty();
    let has_subject = rule.conditions().any(|condition| matches!(condition.of, Of::Subject | Of::Others));
    if has_subject != is_about {
        return Some("`about` says which kinds `subject` and `others` can be; give both or neither".into());
    }
    if rule.about.iter().any(|about| matches!(about, Of::Subject | Of::Others)) {
        return Some("`about` takes kinds, or any".into());
    }
    if rule.when.iter().any(|condition| condition.weight.is_some()) {
        return Some("a condition under `when` must hold, so it has no weight".into());
    }
    let weighed = rule.more_likely.iter().chain(&rule.less_likely);
    let is_weight = |condition: &Condition| condition.weight.is_some_and(|weight| (0.0..=1.0).contains(&weight));
    if weighed.into_iter().any(|condition| !is_weight(condition)) {
        return Some("each condition under `more_likely` and `less_likely` needs a weight between 0 and 1".into());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "rules:\n  - cause: bearing_wear\n    title: Bearing wear\n    when:\n      - { of: vibration, feature: drift, at_least: 2 }\n    confidence: 0.7\n    suggests: [shutdown_motor]\n    explanation: It shakes.\n";

    #[test]
    fn a_rule_file_is_read() {
        let rules = Rules::parse(GOOD, "a.yaml").unwrap();
        assert_eq!((rules.len(), rules.iter().next().unwrap().cause.as_str()), (1, "bearing_wear"));
        assert!(rules.signature().starts_with("rules@") && rules.signature().len() == 18);
    }

    #[test]
    fn a_broken_file_is_refused_with_line_and_reason() {
        let broken = [
            (GOOD.replace("vibration", "vibratoin"), 5, "vibratoin"),
            (GOOD.replace("at_least: 2", "at_last: 2"), 5, "at_last"),
            (GOOD.replace(", at_least: 2", ""), 2, "no bound"),
            (GOOD.replace("0.7", "7"), 2, "not between 0 and 1"),
            (GOOD.replace("bearing_wear", "Bearing Wear"), 2, "cannot be a cause"),
            (GOOD.replace("vibration, feature: drift", "subject, feature: drift"), 2, "about"),
            (GOOD.replace("at_least: 2", "at_least: .nan"), 2, "finite"),
            ("rules: [".into(), 1, ""),
            (String::new(), 0, ""),
        ];
        for (yaml, line, word) in broken {
            let refused = Rules::parse(&yaml, "bad.yaml").unwrap_err();
            assert!(refused.reason.contains(word), "{refused}");
            assert!(refused.line == line || (line <= 1 && refused.line <= 1), "expected line {line}: {refused}");
        }
    }

    #[test]
    fn layout_and_comments_do_not_change_the_digest() {
        let spaced = format!("# a comment\n\n{GOOD}");
        assert_eq!(Rules::parse(GOOD, "a").unwrap().digest(), Rules::parse(&spaced, "b").unwrap().digest());
    }

    fn config() -> std::path::PathBuf {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/rules")
    }

    #[test]
    fn the_schema_beside_the_rules_is_the_codes() {
        let file = config().join("rules.schema.json");
        let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        assert!(std::fs::read_to_string(&file).unwrap() == text, "config/rules/rules.schema.json has drifted; run this test with BLESS=1");
    }

    #[test]
    fn the_schema_takes_the_shipped_rules_which_name_it_and_refuses_a_misspelt_word() {
        let schema = jsonschema::validator_for(schema().as_value()).unwrap();
        for entry in std::fs::read_dir(config()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "yaml") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("# yaml-language-server: $schema=rules.schema.json\n"), "{}", path.display());
            let file: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
            assert!(schema.is_valid(&file), "{}: {:?}", path.display(), schema.iter_errors(&file).next());
        }
        for (word, wrong) in [("vibration", "vibratoin"), ("at_least", "at_last"), ("drift", "drfit")] {
            let file: serde_json::Value = serde_saphyr::from_str(&GOOD.replace(word, wrong)).unwrap();
            assert!(!schema.is_valid(&file), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*", cut in 0..200_usize, at in 0..200_usize) {
            assert!(Rules::parse(&text, "x").is_err() || text.contains("rules"));
            let mut mangled: String = GOOD.chars().take(cut).collect();
            mangled.push_str(&text);
            mangled.extend(GOOD.chars().skip(at));
            let refused_or_read = Rules::parse(&mangled, "x");
            prop_assert!(refused_or_read.is_ok() || refused_or_read.is_err());
        }
    }
}
