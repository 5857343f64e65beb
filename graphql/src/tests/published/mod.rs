//! The schema that is served takes nothing away from the one that was published last: `published.graphql`, with its version.

mod breaking;
mod types;

use breaking::{Release, breaking};
use std::{env, fs};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/published.graphql");
const FIRST_LINE: &str = "# As published with ";

/// Version and schema.
fn published(text: &str) -> (&str, &str) {
    let (first, schema) = text.split_once('\n').unwrap();
    let version = first.strip_prefix(FIRST_LINE).unwrap_or_else(|| panic!("the first line of published.graphql is `{FIRST_LINE}<version>`"));
    (version, schema)
}

#[test]
fn nothing_that_was_published_is_taken_away_without_notice() {
    let text = fs::read_to_string(PATH).unwrap();
    let (version, schema) = published(&text);
    let served = crate::sdl();
    let found = breaking(schema, &served, Release::between(version, VERSION));
    assert!(found.is_empty(), "clients of {version} would break:\n{}", found.join("\n"));
    // With a release, what is served becomes what is published.
    if env::var_os("PUBLISH").is_some() {
        fs::write(PATH, format!("{FIRST_LINE}{VERSION}\n{served}")).unwrap();
    }
}

const BEFORE: &str = "
    type Query { pump(id: ID!, first: Int): Pump old: Int @deprecated(reason: \"Use pump.\") crew: [Agent!]! when(order: Order): Int }
    type Pump { name: String! speed: Float state: State! tags: [String!]! }
    type Agent { id: ID! }
    enum State { RUNS STANDS }
    input Order { by: String limit: Int! }
    union Found = Pump | Agent
    schema { query: Query }";

/// What breaks when one thing is written otherwise, within the same first number.
fn broken_by(was: &str, is: &str) -> Vec<String> {
    broken_in(Release::SameFirstNumber, was, is)
}

fn broken_in(release: Release, was: &str, is: &str) -> Vec<String> {
    assert!(BEFORE.contains(was), "{was}");
    breaking(BEFORE, &BEFORE.replace(was, is), release)
}

fn one(found: Vec<String>) -> String {
    let [only] = found.as_slice() else { panic!("{found:?}") };
    only.clone()
}

#[test]
fn what_is_added_or_promised_more_firmly_breaks_nobody() {
    for (was, is) in [
        ("speed: Float", "speed: Float load: Float"),
        ("speed: Float", "speed: Float!"),
        ("first: Int", "first: Int after: String"),
        ("first: Int", "first: Int last: Int! = 5"),
        ("limit: Int!", "limit: Int"),
        ("by: String", "by: String at: Int"),
        ("RUNS STANDS", "RUNS STANDS UNKNOWN"),
        ("union Found = Pump | Agent", "union Found = Pump | Agent | Query"),
        ("type Agent {", "type Part { id: ID! } type Agent {"),
    ] {
        assert_eq!(broken_by(was, is), [""; 0], "{is}");
    }
}

#[test]
fn what_is_taken_away_breaks_and_the_sentence_says_what_to_do() {
    for (was, is, what) in [
        (" speed: Float", "", "Pump.speed is gone"),
        ("RUNS STANDS", "RUNS", "State.STANDS is gone"),
        (", first: Int", "", "Query.pump(first:) is gone"),
        ("by: String ", "", "Order.by is gone"),
        ("union Found = Pump | Agent", "union Found = Pump", "Found no longer holds Agent"),
        ("union Found = Pump | Agent", "", "type Found is gone"),
    ] {
        let said = one(broken_by(was, is));
        assert!(said.starts_with(what) && said.contains("@deprecated"), "{said}");
    }
}

#[test]
fn what_narrows_breaks_in_the_direction_in_which_it_is_said() {
    for (was, is, what) in [
        ("name: String!", "name: String", "Pump.name was String! and is String"),
        ("speed: Float", "speed: Int", "Pump.speed was Float and is Int"),
        ("[String!]!", "[String]!", "Pump.tags was [String!]! and is [String]!"),
        ("[String!]!", "String!", "Pump.tags was [String!]! and is String!"),
        ("first: Int", "first: Int!", "Query.pump(first:) was Int and is Int!"),
        ("by: String", "by: String!", "Order.by was String and is String!"),
        ("enum State { RUNS STANDS }", "scalar State", "State was an enum and is a scalar"),
    ] {
        let said = one(broken_by(was, is));
        assert!(said.starts_with(what), "{said}");
    }
}

#[test]
fn what_has_to_be_said_anew_breaks() {
    assert!(one(broken_by("first: Int", "first: Int last: Int!")).starts_with("Query.pump(last:) has to be given now"));
    assert!(one(broken_by("by: String", "by: String at: Int!")).starts_with("Order.at has to be given now"));
}

#[test]
fn what_was_deprecated_goes_with_a_new_first_number_and_no_earlier() {
    let old = " old: Int @deprecated(reason: \"Use pump.\")";
    assert!(one(broken_by(old, "")).starts_with("Query.old is gone"));
    assert_eq!(broken_in(Release::NewFirstNumber, old, ""), [""; 0]);
    assert_eq!(broken_in(Release::NewFirstNumber, " speed: Float", "").len(), 1, "nobody was told");
    assert_eq!(
        [Release::between("0.1.0", "0.2.0"), Release::between("0.9.1", "1.0.0"), Release::between("1.0.0", "0.9.0")],
        [Release::SameFirstNumber, Release::NewFirstNumber, Release::SameFirstNumber]
    );
}

#[test]
fn a_type_goes_with_the_last_deprecated_field_that_answered_it() {
    let before = "type Query { a: Int part: Part @deprecated(reason: \"Use a.\") } type Part { id: ID! } schema { query: Query }";
    let after = "type Query { a: Int } schema { query: Query }";
    assert_eq!(breaking(before, after, Release::NewFirstNumber), [""; 0]);
    assert_eq!(breaking(before, after, Release::SameFirstNumber).len(), 2);
}

#[test]
fn a_deprecation_says_what_takes_its_place() {
    let said = one(broken_by("speed: Float", "speed: Float @deprecated"));
    assert!(said.starts_with("Pump.speed is deprecated and does not say"), "{said}");
}
