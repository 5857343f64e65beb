//! What a result must be like, as far as a program can tell without understanding it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// It is one JSON value.
    IsJson,
    /// This stands in it, word for word.
    Mentions(String),
    /// It has no more bytes than this.
    AtMostBytes(u32),
}

impl Check {
    /// What is wrong with it.
    fn fault(&self, result: &str) -> Option<String> {
        match self {
            Self::IsJson => serde_json::from_str::<serde::de::IgnoredAny>(result).err().map(|cause| format!("it is no JSON: {cause}")),
            Self::Mentions(words) => (!result.contains(words.as_str())).then(|| format!("{words:?} does not stand in it")),
            Self::AtMostBytes(most) => (result.len() > *most as usize).then(|| format!("it has {} bytes, more than {most}", result.len())),
        }
    }
}

/// Whether a result is as it must be, and in words.
pub fn test(checks: &[Check], result: &str) -> (bool, String) {
    let faults: Vec<String> = checks.iter().filter_map(|check| check.fault(result)).collect();
    match faults.as_slice() {
        [] => (true, format!("all {} checks hold", checks.len())),
        _ => (false, faults.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_told_everything_that_is_wrong_with_it() {
        let checks = [Check::IsJson, Check::Mentions("page".into()), Check::AtMostBytes(12)];
        assert_eq!(test(&checks, r#"{"page": 12}"#), (true, "all 3 checks hold".into()));
        let (passed, report) = test(&checks, "I could not find it");
        assert!(!passed && report.contains("no JSON") && report.contains("\"page\"") && report.contains("19 bytes"), "{report}");
    }
}
