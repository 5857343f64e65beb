//! What one client may ask of us at once, so that the others are served as before: fields of a question, subscriptions, sockets.

use crate::{errors::too_many, state::AppState};
use async_graphql::{
    Response, ServerError, ServerResult, Variables,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextParseQuery, NextSubscribe},
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};
use async_trait::async_trait;
use futures::{StreamExt, stream, stream::BoxStream};
use millwright_domain::ids::ActorId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Fields that a question may name, fragments once. Whoever repeats one under a thousand names is no person and no page.
pub const MOST_FIELDS: usize = 1_000;
/// Subscriptions of one client, over all its sockets: fifty open pages.
pub const MOST_SUBSCRIPTIONS: usize = 200;
/// Sockets of one client.
pub const MOST_SOCKETS: usize = 64;

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
    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        let document = next.run(ctx, query, variables).await?;
        let fragments = document.fragments.values().map(|fragment| fields(&fragment.node.selection_set.node));
        let operations = document.operations.iter().map(|(_, operation)| fields(&operation.node.selection_set.node));
        let named: usize = fragments.chain(operations).sum();
        if named > MOST_FIELDS {
            let refused = too_many(format!("the question names {named} fields; ask for {MOST_FIELDS} at most at once"));
            return Err(refused.into_server_error(Default::default()));
        }
        Ok(document)
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

fn fields(selection: &SelectionSet) -> usize {
    let one = |selection: &Selection| match selection {
        Selection::Field(field) => 1 + fields(&field.node.selection_set.node),
        Selection::FragmentSpread(_) => 1,
        Selection::InlineFragment(fragment) => 1 + fields(&fragment.node.selection_set.node),
    };
    selection.items.iter().map(|selection| one(&selection.node)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

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
