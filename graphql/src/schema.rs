//! The schema, with the limits that keep one question from costing everybody else theirs.

use crate::{
    as_of::AsOf,
    codes::Codes,
    limits::{Limits, MOST_SUBSCRIPTIONS, Tally},
    mutation::Mutation,
    query::Query,
    state::AppState,
    subscription::Subscription,
};

use async_graphql::extensions::apollo_persisted_queries::{ApolloPersistedQueries, LruCacheStorage};

pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Fields within fields. The introspection query that tools send is 13 deep.
pub const MOST_DEPTH: usize = 16;
/// Questions whose text is remembered by its hash, so that a client need not send it again (automatic persisted queries).
const MOST_REMEMBERED: usize = 500;
/// Fields in all, each counted as often as its list may be long.
pub const MOST_COMPLEXITY: usize = 40_000;

pub fn schema(state: AppState) -> Schema {
    async_graphql::Schema::build(Query::default(), Mutation::default(), Subscription)
        .limit_depth(MOST_DEPTH)
        .limit_complexity(MOST_COMPLEXITY)
        .limit_directives(10)
        .extension(Codes)
        .extension(ApolloPersistedQueries::new(LruCacheStorage::new(MOST_REMEMBERED)))
        .extension(Limits(Tally::of(MOST_SUBSCRIPTIONS)))
        .extension(AsOf)
        .data(state)
        .finish()
}

/// The schema in its definition language, as `schema.graphql` holds it.
pub fn sdl() -> String {
    async_graphql::Schema::build(Query::default(), Mutation::default(), Subscription).finish().sdl()
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

    #[test]
    fn the_published_schema_is_the_one_that_is_served() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
        let served = super::sdl();
        if env::var_os("BLESS").is_some() {
            fs::write(path, &served).unwrap();
        }
        assert!(fs::read_to_string(path).unwrap() == served, "graphql/schema.graphql has drifted; run this test with BLESS=1 and look at the diff");
    }
}
