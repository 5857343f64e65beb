//! One request, one view: the present, or the past that its `asOf` names. The past's state takes the place of the present's before
//! anything is resolved, so whatever is nested below is of the same time.

use crate::{
    errors::{bad_input, no_past},
    loaders::Loaders,
    state::AppState,
};
use async_graphql::{
    Data, Error, Name, Pos, Response, ServerResult, Value, Variables,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextParseQuery},
    parser::types::{ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use millwright_domain::{Now, Timestamp, ports::clock::Clock};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The longest that a request waits for its past to be folded.
pub(crate) const WAIT_FOR_PAST: Duration = Duration::from_secs(10);

pub(crate) struct AsOf;

impl ExtensionFactory for AsOf {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(View::default())
    }
}

/// What each of the request's operations asked for, by its name.
#[derive(Default)]
struct View(Mutex<HashMap<Option<String>, BTreeSet<Timestamp>>>);

#[async_trait]
impl Extension for View {
    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        let document = next.run(ctx, query, variables).await?;
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, operation) in document.operations.iter().filter(|(_, operation)| operation.node.ty == OperationType::Query) {
            let times = Asked { document: &document, operation: &operation.node, variables }.times();
            asked.insert(name.map(|name| name.to_string()), times);
        }
        Ok(document)
    }

    /// Only what was found valid comes this far.
    async fn execute(&self, ctx: &ExtensionContext<'_>, operation_name: Option<&str>, next: NextExecute<'_>) -> Response {
        match self.state(ctx, operation_name).await {
            Ok(None) => next.run(ctx, operation_name).await,
            Ok(Some(past)) => {
                let mut data = Data::default();
                data.insert(past);
                next.run_with_data(ctx, operation_name, data).await
            }
            Err(error) => Response::from_errors(vec![error.into_server_error(Pos::default())]),
        }
    }
}

impl View {
    async fn state(&self, ctx: &ExtensionContext<'_>, operation_name: Option<&str>) -> Result<Option<AppState>, Error> {
        let Some(as_of) = self.one(operation_name)? else { return Ok(None) };
        let present = ctx.data::<AppState>()?;
        past(present, as_of).await.map(Some)
    }

    fn one(&self, operation_name: Option<&str>) -> Result<Option<Timestamp>, Error> {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The name may be left away where there is one operation only.
        let only = || asked.values().next().filter(|_| asked.len() == 1);
        let times = asked.get(&operation_name.map(String::from)).or_else(only);
        match times.map(|times| times.iter().copied().collect::<Vec<_>>()).as_deref() {
            None | Some([]) => Ok(None),
            Some([only]) => Ok(Some(*only)),
            Some([first, .., last]) => {
                Err(bad_input(format!("one request shows one time, not {first} and {last}; give every asOf the same, or ask twice")))
            }
        }
    }
}

/// What the program's state was at a time.
pub(crate) async fn past(present: &AppState, as_of: Timestamp) -> Result<AppState, Error> {
    let projections = present.pasts.at(as_of, present.clock.now(), WAIT_FOR_PAST).await.map_err(no_past)?;
    let now = projections.as_of().unwrap_or(Now::both(as_of));
    Ok(AppState { loaders: Loaders::of(&projections), projections, clock: Arc::new(Stopped(now)), ..present.clone() })
}

/// The clock of a past.
struct Stopped(Now);

#[async_trait]
impl Clock for Stopped {
    fn now(&self) -> Now {
        self.0
    }
    async fn plant_reaches(&self, at: Timestamp) {
        never_unless(at <= self.0.plant).await;
    }
    async fn wall_reaches(&self, at: Timestamp) {
        never_unless(at <= self.0.wall).await;
    }
}

async fn never_unless(reached: bool) {
    if !reached {
        std::future::pending::<()>().await;
    }
}

struct Asked<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
}

impl<'a> Asked<'a> {
    /// Every time that the operation's own fields give. What is no time at all is refused when the request is validated.
    fn times(&self) -> BTreeSet<Timestamp> {
        let (mut times, mut seen) = (BTreeSet::new(), HashSet::new());
        let mut sets: Vec<&'a SelectionSet> = vec![&self.operation.selection_set.node];
        while let Some(set) = sets.pop() {
            for selection in &set.items {
                match &selection.node {
                    Selection::Field(field) => times.extend(self.time(&field.node)),
                    Selection::InlineFragment(fragment) => sets.push(&fragment.node.selection_set.node),
                    // Fragments that spread each other are refused later; here each is looked at once.
                    Selection::FragmentSpread(spread) if seen.insert(&spread.node.fragment_name.node) => {
                        let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                        sets.extend(fragment.map(|fragment| &fragment.node.selection_set.node));
                    }
                    Selection::FragmentSpread(_) => {}
                }
            }
        }
        times
    }

    fn time(&self, field: &Field) -> Option<Timestamp> {
        let (_, given) = field.arguments.iter().find(|(name, _)| name.node == "asOf")?;
        let given = given.node.clone().into_const_with(|name| self.variable(&name).ok_or(())).ok()?;
        let Value::String(text) = given else { return None };
        DateTime::parse_from_rfc3339(&text).ok().map(|time| time.with_timezone(&Utc).into())
    }

    fn variable(&self, name: &Name) -> Option<Value> {
        let default = || self.operation.variable_definitions.iter().find(|one| one.node.name.node == *name)?.node.default_value();
        self.variables.get(name).or_else(default).cloned()
    }
}
