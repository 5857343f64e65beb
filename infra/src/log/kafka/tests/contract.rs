//! The promises that every engine makes.

use crate::log::{
    contract::{Engine, contract},
    kafka::{
        KafkaLog,
        testing::{Place, broker},
    },
};
use async_trait::async_trait;
use millwright_domain::ports::event_log::EventLog;
use std::sync::Arc;

struct Kafka {
    place: Place,
    log: Arc<KafkaLog>,
}

#[async_trait]
impl Engine for Kafka {
    async fn fresh() -> Self {
        let place = Place::fresh().await.unwrap();
        let log = Arc::new(place.open().await);
        Self { place, log }
    }
    fn log(&self) -> Arc<dyn EventLog> {
        self.log.clone()
    }
    async fn restart(&mut self) {
        self.log.close().await;
        self.log = Arc::new(self.place.open().await);
    }
}

contract!(Kafka, if broker().await.is_some());
