//! Records that are large, and ones that are too large.

use super::{demo, drafts, now, owner_of, whole_ledger};
use crate::log::kafka::{
    options::{MESSAGE_BYTES, RECORD_BYTES},
    testing::Place,
};
use millwright_domain::{
    envelope::Draft,
    ports::event_log::{EventLog, LogError},
    site::PartitionOwned,
};

/// A fact of about so many bytes. What it says does not matter to the log.
fn draft_of(bytes: usize) -> Draft {
    let mut draft = drafts(0..1).remove(0);
    // Nothing that compression could make small.
    let noise = std::iter::successors(Some(1_u64), |seed| Some(seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)));
    let owner: String =
        noise.map(|seed| char::from(b'0' + (seed >> 58) as u8)).map(|sign| if sign == '\\' { '~' } else { sign }).take(bytes).collect();
    draft.event = PartitionOwned { epoch: 1, owner }.into();
    draft
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_of_megabytes_is_written_and_read_and_a_larger_one_costs_nothing() {
    let Some(place) = Place::fresh().await else { return };
    let log = place.open().await;
    let mut owner = owner_of(&log, &demo()).await;
    let refused = owner.commit(vec![draft_of(MESSAGE_BYTES)], now()).await.unwrap_err();
    assert!(matches!(refused, LogError::TooLarge { bytes, most: RECORD_BYTES } if bytes > MESSAGE_BYTES), "{refused}");
    // Still the owner, in the same epoch.
    owner.commit(drafts(0..1), now()).await.unwrap();
    let largest = draft_of(RECORD_BYTES - 1_000);
    owner.commit(vec![largest, draft_of(3 << 20)], now()).await.unwrap();
    assert_eq!((owner.tip().next_seq, owner.tip().epoch), (4, 1));
    let here = whole_ledger(&log, &demo(), 10).await;
    log.close().await;
    let again = place.open().await;
    assert_eq!(whole_ledger(&again, &demo(), 10).await, here);
    assert_eq!(again.read_ledger(&demo(), 2, 1).await.unwrap().into_items().map(|(_, record)| record).collect::<Vec<_>>(), here[2..3]);
}
