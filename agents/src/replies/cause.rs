//! Which cause somebody means who says what was repaired: "fixed bearing" is `bearing_wear`. Pure.

use millwright_domain::ids::CauseId;
use std::collections::BTreeSet;

/// Shorter words say nothing.
const LEAST_LETTERS: usize = 4;

/// The cause that the words name, if it is exactly one and another than was named already.
pub(super) fn found_cause(words: &str, named: Option<&CauseId>, causes: &BTreeSet<CauseId>) -> Option<CauseId> {
    let words: Vec<String> =
        words.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).filter(|word| word.chars().count() >= LEAST_LETTERS).collect();
    let means = |cause: &CauseId| cause.as_str().split('_').any(|part| words.iter().any(|word| is_meant(word, part)));
    if named.is_some_and(means) {
        return None;
    }
    let mut meant = causes.iter().filter(|cause| means(cause));
    match (meant.next(), meant.next()) {
        (Some(one), None) => Some(one.clone()),
        _ => None,
    }
}

/// `clogged` means `clogging`, `bearings` means `bearing`: alike in all but their ends.
fn is_meant(word: &str, part: &str) -> bool {
    let alike = word.chars().zip(part.chars()).take_while(|(one, other)| one == other).count();
    alike >= LEAST_LETTERS && alike + 3 >= part.chars().count() && alike + 3 >= word.chars().count()
}

#[cfg(test)]
mod tests {
    use super::found_cause;
    use millwright_domain::ids::CauseId;

    fn cause(name: &str) -> CauseId {
        name.parse().unwrap()
    }
    fn found(words: &str, named: Option<&str>) -> Option<String> {
        let causes = ["bearing_wear", "clogging", "valve_stuck", "sensor_stuck", "sensor_drift"].map(cause).into();
        found_cause(words, named.map(cause).as_ref(), &causes).map(|cause| cause.to_string())
    }

    #[test]
    fn what_was_repaired_is_the_cause_that_is_named_by_it() {
        assert_eq!(found("fixed bearing", Some("bearing_wear")), None, "as was thought");
        assert_eq!(found("fixed the Bearings", Some("clogging")).as_deref(), Some("bearing_wear"));
        assert_eq!(found("replaced the clogged strainer", None).as_deref(), Some("clogging"));
        assert_eq!(found("fixed the valve", Some("clogging")).as_deref(), Some("valve_stuck"));
    }

    #[test]
    fn words_that_name_several_causes_or_none_name_none() {
        assert_eq!(found("replaced the sensor", Some("clogging")), None, "which of the two?");
        assert_eq!(found("fixed", Some("clogging")), None);
        assert_eq!(found("fixed it", None), None);
        assert_eq!(found("worn out", None), None);
    }
}
