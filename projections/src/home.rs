//! Where the generations of a lane's tables live, whichever engine keeps them.

use crate::{
    db::{BATCH_ANSWER, answered},
    place::Place,
    store::{
        Shape, Store, StoreError,
        postgres::{Frozen, House},
        sqlite::Files,
    },
};
use std::{path::PathBuf, sync::Arc};

pub(crate) const LEDGER: &str = "ledger";
pub(crate) const READINGS: &str = "readings";

pub(crate) enum Home {
    Folder(PathBuf),
    Postgres(House),
}

/// Held while rebuilding; it ends with its connection.
pub(crate) struct Claim {
    _connection: Option<sqlx::PgConnection>,
}

impl Home {
    pub fn at(place: Place) -> Self {
        match place {
            Place::Folder(dir) => Self::Folder(dir),
            Place::Postgres(place) => Self::Postgres(House::of(place)),
        }
    }

    pub fn place(&self) -> String {
        match self {
            Self::Folder(dir) => dir.display().to_string(),
            Self::Postgres(house) => house.place().to_string(),
        }
    }

    /// The generation that is in place.
    pub async fn current(&self, lane: &'static str, shapes: &[Shape]) -> Result<Store, StoreError> {
        match self {
            Self::Folder(dir) => Files::of(dir, lane).current(shapes).await,
            Self::Postgres(house) => house.current(lane, shapes).await,
        }
    }

    /// The generation in place, if it is another than this one: another program has swapped.
    pub async fn newer_than(&self, store: &Store, lane: &'static str, shapes: &[Shape]) -> Result<Option<Store>, StoreError> {
        let Self::Postgres(house) = self else { return Ok(None) };
        let number = answered(BATCH_ANSWER, house.number(lane)).await.map_err(|cause| StoreError::Database {
            doing: "look at",
            place: self.place(),
            cause,
        })?;
        if number == store.generation { Ok(None) } else { house.current(lane, shapes).await.map(Some) }
    }

    /// The next generation, new or as far as it was built before.
    pub async fn building(&self, lane: &'static str, shapes: &[Shape]) -> Result<Store, StoreError> {
        match self {
            Self::Folder(dir) => Files::of(dir, lane).building(shapes).await,
            Self::Postgres(house) => house.building(lane, shapes).await,
        }
    }

    /// The right to rebuild; `None` if another program has it.
    pub async fn claim(&self, lane: &'static str) -> Result<Option<Claim>, StoreError> {
        match self {
            Self::Folder(_) => Ok(Some(Claim { _connection: None })),
            Self::Postgres(house) => Ok(house.claim(lane).await?.map(|connection| Claim { _connection: Some(connection) })),
        }
    }

    /// Nobody moves the kept tables from here on. On SQLite the caller's own lock on the fold does that.
    pub async fn freeze(&self, kept: &Store) -> Result<Option<Frozen>, StoreError> {
        match self {
            Self::Folder(_) => Ok(None),
            Self::Postgres(house) => house.freeze(kept).await,
        }
    }

    pub async fn swap(
        &self,
        lane: &'static str,
        kept: &Store,
        built: Arc<Store>,
        frozen: Option<Frozen>,
        shapes: &[Shape],
    ) -> Result<Arc<Store>, StoreError> {
        match (self, frozen) {
            (Self::Postgres(house), Some(frozen)) => house.swap(lane, kept, built, frozen, shapes).await,
            (Self::Folder(dir), _) => Files::of(dir, lane).swap(built, shapes).await,
            (Self::Postgres(house), None) => {
                let frozen = house.freeze(kept).await?;
                let Some(frozen) = frozen else { return Ok(built) };
                house.swap(lane, kept, built, frozen, shapes).await
            }
        }
    }

    pub async fn discard(&self, lane: &'static str, built: Arc<Store>) -> Result<(), StoreError> {
        match self {
            Self::Folder(dir) => Files::of(dir, lane).discard(built).await,
            Self::Postgres(house) => house.discard(lane, built).await,
        }
    }
}
