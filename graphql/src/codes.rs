//! Every error has a code: what the GraphQL library refuses by itself gets one here, and words that say what to do next.

use crate::schema::{MOST_COMPLEXITY, MOST_DEPTH};
use async_graphql::{
    Response, ServerError,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextRequest, NextSubscribe},
};
use async_trait::async_trait;
use futures::{StreamExt, stream::BoxStream};
use std::sync::Arc;

pub struct Codes;

impl ExtensionFactory for Codes {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Coding)
    }
}

struct Coding;

#[async_trait]
impl Extension for Coding {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        coded(next.run(ctx).await)
    }

    fn subscribe<'s>(&self, ctx: &ExtensionContext<'_>, stream: BoxStream<'s, Response>, next: NextSubscribe<'_>) -> BoxStream<'s, Response> {
        next.run(ctx, stream).map(coded).boxed()
    }
}

fn coded(mut response: Response) -> Response {
    for error in &mut response.errors {
        if !has_code(error) {
            let (code, says) = meant(&error.message);
            error.extensions.get_or_insert_default().set("code", code);
            if let Some(says) = says {
                error.message = says;
            }
        }
    }
    response
}

fn has_code(error: &ServerError) -> bool {
    error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some())
}

/// The code for a message of the library, and what we would rather say. Whatever else it refuses cannot be meant as it stands.
fn meant(message: &str) -> (&'static str, Option<String>) {
    if message == "Query is nested too deep."
        || message.starts_with("The recursion depth of the query")
        || message.starts_with("recursion limit exceeded")
    {
        return ("TOO_MANY", Some(format!("the question is nested too deep; name at most {MOST_DEPTH} fields within fields")));
    }
    if message == "Query is too complex." {
        return (
            "TOO_MANY",
            Some(format!("the question is too complex: its answer could have more than {MOST_COMPLEXITY} values; ask for fewer at once")),
        );
    }
    // The word that clients know it by.
    if message == "PersistedQueryNotFound" {
        return ("PERSISTED_QUERY_NOT_FOUND", None);
    }
    ("BAD_INPUT", None)
}
