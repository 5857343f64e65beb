//! What questions weigh: nested lists count, and what the page and the documents ask is well inside the limits.

use crate::{MOST_COMPLEXITY, MOST_DEPTH, mutation::Mutation, query::Query, subscription::Subscription, testing::House};
use async_graphql::{
    Request, Response, ServerError, ValidationResult, Variables,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextValidation},
};
use async_trait::async_trait;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

/// Keeps what the validation made of a question, and answers nothing.
#[derive(Clone, Default)]
struct Scales(Arc<Mutex<Option<(usize, usize)>>>);

impl ExtensionFactory for Scales {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(self.clone())
    }
}

#[async_trait]
impl Extension for Scales {
    async fn validation(&self, ctx: &ExtensionContext<'_>, next: NextValidation<'_>) -> Result<ValidationResult, Vec<ServerError>> {
        let found = next.run(ctx).await?;
        *self.0.lock().unwrap() = Some((found.complexity, found.depth));
        Ok(found)
    }
    async fn execute(&self, _: &ExtensionContext<'_>, _: Option<&str>, _: NextExecute<'_>) -> Response {
        Response::default()
    }
}

/// Complexity and depth.
async fn weighed(question: &str) -> (usize, usize) {
    let scales = Scales::default();
    let schema = async_graphql::Schema::build(Query::default(), Mutation::default(), Subscription).extension(scales.clone()).finish();
    let longest = Variables::from_json(json!({ "first": 50, "last": 50, "days": 14 }));
    let answer = schema.execute(Request::new(question).variables(longest)).await;
    assert!(answer.errors.is_empty() || question.trim_start().starts_with("subscription"), "{question}: {:?}", answer.errors);
    let found = *scales.0.lock().unwrap();
    found.unwrap_or_else(|| panic!("{question} was not weighed"))
}

/// The texts between `graphql(` and its closing backtick, of every file of the page that asks something.
fn texts_of_the_page() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/src/api");
    let mut texts = Vec::new();
    for file in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|ext| ext == "ts")) {
        let source = fs::read_to_string(&file).unwrap();
        let begun = source.split("graphql(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('`'));
        texts.extend(begun.map(|text| text.split('`').next().unwrap().trim().to_string()));
    }
    texts
}

fn spread_in(text: &str) -> Vec<&str> {
    text.split("...").skip(1).map(|rest| rest.split(|letter: char| !letter.is_alphanumeric()).next().unwrap()).collect()
}

/// The question with the fragments that it needs, each once.
fn whole(question: &str, fragments: &BTreeMap<String, String>) -> String {
    let mut needed: Vec<&str> = Vec::new();
    let mut open = spread_in(question);
    while let Some(name) = open.pop() {
        if !needed.contains(&name) {
            needed.push(name);
            open.extend(spread_in(&fragments[name]));
        }
    }
    needed.iter().fold(question.to_string(), |whole, name| format!("{whole}\n{}", fragments[*name]))
}

#[tokio::test]
async fn whatever_the_page_asks_is_inside_the_limits() {
    let (fragments, questions): (Vec<String>, Vec<String>) = texts_of_the_page().into_iter().partition(|text| text.starts_with("fragment "));
    let named = |text: String| (text.split_whitespace().nth(1).unwrap().to_string(), text);
    let fragments: BTreeMap<String, String> = fragments.into_iter().map(named).collect();
    assert!(questions.len() > 40 && fragments.len() > 5, "{} questions, {} fragments", questions.len(), fragments.len());
    for question in questions {
        let (complexity, depth) = weighed(&whole(&question, &fragments)).await;
        assert!(complexity <= MOST_COMPLEXITY && depth <= MOST_DEPTH, "{complexity} {depth}: {question}");
    }
}

#[tokio::test]
async fn whatever_the_documents_ask_is_inside_the_limits() {
    let documents = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/graphql.md")).unwrap();
    let mut questions: Vec<String> = Vec::new();
    for line in documents.split("```graphql\n").skip(1).flat_map(|rest| rest.split("```").next().unwrap().lines()) {
        if ["{", "query", "mutation", "subscription"].iter().any(|begin| line.starts_with(begin)) {
            questions.push(String::new());
        }
        let question = questions.last_mut().unwrap();
        *question = format!("{question}{line}\n");
    }
    assert!(questions.len() > 40, "{}", questions.len());
    for question in questions {
        let (complexity, _) = weighed(&question).await;
        assert!(complexity <= MOST_COMPLEXITY, "{complexity}: {question}");
    }
}

#[tokio::test]
async fn a_list_in_a_list_counts_for_each_of_the_outer_one() {
    let kinds = weighed("{ case(id: \"c\") { timeline { kind } } }").await.0;
    assert_eq!(weighed("{ case(id: \"c\") { timeline { kind seq } } }").await.0, kinds + 50);
    assert_eq!(weighed("{ cases(first: 10) { nodes { timeline { kind } } } }").await.0, 10 * (1 + 50));
    let [actions, tickets] = ["actions { id name }", "tickets { url site }"].map(|list| format!("{{ cases(first: 10) {{ nodes {{ {list} }} }} }}"));
    assert_eq!((weighed(&actions).await.0, weighed(&tickets).await.0), (10 * (1 + 5 * 2), 10 * (1 + 3 * 2)));
    assert_eq!(weighed("{ plants { assets { signals { id unit } } } }").await.0, 2 * 20 * 8 * 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fact_of_two_hundred_cases_is_too_much_at_once() {
    let house = House::open().await;
    let refused = house.graphql_raw("{ cases(first: 200) { nodes { timeline { kind summary evidence { signal } } } } }", json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "TOO_MANY", "{refused}");
}
