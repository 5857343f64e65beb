//! What one client may ask of us at once, so that the others are served as before: fields of a question, time, subscriptions, sockets.

use crate::{
    errors::{bad_input, too_many, too_slow},
    state::AppState,
};
use async_graphql::{
    Pos, Request, Response, ServerError, ServerResult,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextPrepareRequest, NextSubscribe},
    parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet},
};
use async_trait::async_trait;
use futures::{StreamExt, stream, stream::BoxStream};
use millwright_domain::ids::ActorId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Fields that a question may name, with every fragment in its places. Whoever repeats one under a thousand names is no person and no page.
pub const MOST_FIELDS: usize = 1_000;
/// Looking back waits ten seconds for its past by itself, comparing two times twice that.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Subscriptions of one client, over all its sockets: fifty open pages.
pub const MOST_SUBSCRIPTIONS: usize = 200;
/// Sockets of one client.
pub const MOST_SOCKETS: usize = 64;

/// The question came over a socket, whose rights were looked at when it was opened.
pub struct OnSocket;

/// How many of a thing each client has open now.
#[derive(Clone)]
pub struct Tally {
    most: usize,
    open: Arc<Mutex<HashMap<ActorId, usize>>>,
}

/// One of them; it is given back when this is dropped.
pub struct Held {
    tally: Tally,
    client: ActorId,
}

impl Tally {
    pub fn of(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// `None` when the client has as many as one may.
    pub fn hold(&self, client: &ActorId) -> Option<Held> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(client.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Held { tally: self.clone(), client: client.clone() })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut open = self.tally.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.client);
            }
        }
    }
}

/// Looks at each question before it is judged further.
pub struct Limits(pub Tally);

impl ExtensionFactory for Limits {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Limiting(self.0.clone()))
    }
}

struct Limiting(Tally);

#[async_trait]
impl Extension for Limiting {
    /// Before anything walks through it: what follows reads each spread of a fragment anew, and fragments of fragments would never end.
    async fn prepare_request(&self, ctx: &ExtensionContext<'_>, mut request: Request, next: NextPrepareRequest<'_>) -> ServerResult<Request> {
        let named = Expanded::of(request.parsed_query()?).all();
        if named > MOST_FIELDS {
            let refused = too_many(format!("the question names {named} fields or more; ask for {MOST_FIELDS} at most at once"));
            return Err(refused.into_server_error(Default::default()));
        }
        let changes = request.parsed_query()?.operations.iter().any(|(_, operation)| operation.node.ty == OperationType::Mutation);
        if changes && ctx.data_opt::<OnSocket>().is_some() {
            let refused = bad_input("a socket is for listening: send what changes something by POST to /graphql");
            return Err(refused.into_server_error(Default::default()));
        }
        next.run(ctx, request).await
    }

    /// By POST and over a socket alike. Of what is listened to, each push has the time for itself.
    async fn execute(&self, ctx: &ExtensionContext<'_>, operation_name: Option<&str>, next: NextExecute<'_>) -> Response {
        match tokio::time::timeout(ANSWER_WITHIN, next.run(ctx, operation_name)).await {
            Ok(response) => response,
            Err(_elapsed) => Response::from_errors(vec![too_slow().into_server_error(Pos::default())]),
        }
    }

    fn subscribe<'s>(&self, ctx: &ExtensionContext<'_>, stream: BoxStream<'s, Response>, next: NextSubscribe<'_>) -> BoxStream<'s, Response> {
        let Ok(state) = ctx.data::<AppState>() else { return next.run(ctx, stream) };
        match self.0.hold(&state.caller.who) {
            Some(held) => next.run(
                ctx,
                stream
                    .map(move |response| {
                        let _held = &held;
                        response
                    })
                    .boxed(),
            ),
            None => {
                let refused = too_many(format!("you watch {MOST_SUBSCRIPTIONS} things already; end some first"));
                let error: ServerError = refused.into_server_error(Default::default());
                stream::iter([Response::from_errors(vec![error])]).boxed()
            }
        }
    }
}

/// How large a question is with every fragment in its places; each fragment is looked at once.
struct Expanded<'a> {
    document: &'a ExecutableDocument,
    known: HashMap<&'a str, usize>,
}

impl<'a> Expanded<'a> {
    fn of(document: &'a ExecutableDocument) -> Self {
        Self { document, known: HashMap::new() }
    }

    fn all(mut self) -> usize {
        let document = self.document;
        let fragments: usize = document.fragments.keys().map(|name| self.fragment(name)).max().unwrap_or(0);
        let operations = document.operations.iter().map(|(_, operation)| self.fields(&operation.node.selection_set.node));
        operations.fold(fragments, usize::saturating_add)
    }

    fn fragment(&mut self, name: &'a str) -> usize {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        // Met again while it is counted, it holds itself: too much whatever else it holds.
        self.known.insert(name, usize::MAX);
        let found = self.document.fragments.iter().find(|(known, _)| known.as_str() == name);
        let size = found.map_or(0, |(_, fragment)| self.fields(&fragment.node.selection_set.node));
        self.known.insert(name, size);
        size
    }

    fn fields(&mut self, selection: &'a SelectionSet) -> usize {
        let mut size = 0_usize;
        for item in &selection.items {
            let one = match &item.node {
                Selection::Field(field) => self.fields(&field.node.selection_set.node).saturating_add(1),
                Selection::FragmentSpread(spread) => self.fragment(spread.node.fragment_name.node.as_str()),
                Selection::InlineFragment(fragment) => self.fields(&fragment.node.selection_set.node),
            };
            size = size.saturating_add(one);
        }
        size
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::{Data, EmptyMutation, EmptySubscription};

    fn size(query: &str) -> usize {
        Expanded::of(&async_graphql::parser::parse_query(query).unwrap()).all()
    }

    #[test]
    fn a_small_question_of_fragments_in_fragments_is_as_large_as_what_it_stands_for() {
        assert_eq!(size("{ me { person name } plants { site } }"), 5);
        assert_eq!(size("query { ...A ...A } fragment A on Query { me { person } }"), 6);
        let bomb: String = (0..30).map(|n| format!("fragment F{n} on Query {{ {} }} ", format!("...F{} ", n + 1).repeat(30))).collect();
        assert_eq!(size(&format!("{{ ...F0 }} {bomb} fragment F30 on Query {{ __typename }}")), usize::MAX);
        assert_eq!(size("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"), usize::MAX);
    }

    struct Slow;

    #[async_graphql::Object]
    impl Slow {
        async fn seconds(&self, many: u64) -> u64 {
            tokio::time::sleep(Duration::from_secs(many)).await;
            many
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_takes_too_long_is_given_up_by_post_and_over_a_socket() {
        let schema = async_graphql::Schema::build(Slow, EmptyMutation, EmptySubscription).extension(Limits(Tally::of(1))).finish();
        let over_both = async |query: &str| {
            let socket = Data::default();
            let told = schema.execute_stream_with_session_data(query, Arc::new(socket)).collect::<Vec<_>>().await;
            [serde_json::to_value(schema.execute(query).await).unwrap(), serde_json::to_value(&told[..]).unwrap()[0].clone()]
        };
        for answer in over_both("{ seconds(many: 29) }").await {
            assert_eq!(answer["data"]["seconds"], 29, "{answer}");
        }
        for answer in over_both("{ seconds(many: 3600) }").await {
            assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_SLOW", "{answer}");
        }
    }

    #[test]
    fn what_is_held_is_counted_by_client_and_given_back() {
        let (tally, ann, bob): (Tally, ActorId, ActorId) = (Tally::of(2), "ann".parse().unwrap(), "bob".parse().unwrap());
        let held: Vec<Held> = (0..2).map(|_| tally.hold(&ann).unwrap()).collect();
        assert!(tally.hold(&ann).is_none() && tally.hold(&bob).is_some());
        drop(held);
        assert!(tally.hold(&ann).is_some());
        assert!(tally.open.lock().unwrap().is_empty(), "nobody is remembered who holds nothing");
    }
}
