//! What not every provider has: counting, vectors, an older server's limit, a context that must be asked for.

use crate::house::{House, LONG, prompt};
use millwright_domain::{
    model_call::Source,
    untrusted::{Origin, Untrusted},
};
use millwright_standin::models::Tongue;

#[tokio::test]
async fn anthropic_and_gemini_count_before_they_are_asked() {
    for tongue in [Tongue::Anthropic, Tongue::Gemini] {
        let house = House::of(tongue).await;
        let counted = house.model.count(&prompt(), LONG).await;
        house.asks(&prompt()).await.unwrap();
        assert_eq!(counted, Some(house.bill().input), "{tongue:?}");
    }
    for tongue in [Tongue::OpenAi, Tongue::Ollama] {
        assert_eq!(House::of(tongue).await.model.count(&prompt(), LONG).await, None, "{tongue:?}");
    }
}

#[tokio::test]
async fn texts_become_vectors_in_their_order() {
    for tongue in [Tongue::OpenAi, Tongue::Gemini, Tongue::Ollama] {
        let house = House::of(tongue).await;
        let vectors = house.model.vectors(&["a".into(), "bcdef".into()], LONG).await.unwrap();
        assert_eq!(vectors.vectors, [[1.0, 1.0, 97.0], [5.0, 2.0, 98.0]], "{tongue:?}");
        let source = if tongue == Tongue::Gemini { Source::Estimated } else { Source::Provider };
        assert!(vectors.spent.source == source && vectors.spent.usage.total() >= 3, "{tongue:?}: {:?}", vectors.spent);
    }
    let none = House::of(Tongue::Anthropic).await.model.vectors(&["a".into()], LONG).await;
    assert_eq!(none.unwrap_err().kind(), "refused");
}

#[tokio::test]
async fn ollama_is_told_how_much_it_must_read() {
    let house = House::of(Tongue::Ollama).await;
    let long = prompt().show(Untrusted::new(Origin::Manual, &"word ".repeat(4_000)));
    house.asks(&long).await.unwrap();
    assert!(house.bill().input > 4_096, "nothing was cut off: {:?}", house.bill());
}
