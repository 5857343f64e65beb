//! Holding what was rebuilt against what was kept: equal versions say the same, a new version says the same in what it did not change.

use super::RebuildError;
use crate::{
    db::NotRead,
    store::{PARKED, Shape, Store, digest::Part},
};

/// A projection that was rebuilt in a new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub projection: &'static str,
    /// `None` if it is new.
    pub from: Option<u32>,
    pub to: u32,
    /// Columns, as `table.column`, in which kept and rebuilt agree.
    pub compared: Vec<String>,
    /// Columns that are new or mean something else now.
    pub rest: Vec<String>,
}

/// Name and digest of each projection whose version is the same, and what is said of the others.
pub(super) type Compared = (Vec<(&'static str, String)>, Vec<Changed>);

pub(super) async fn compared(kept: &Store, built: &Store, shapes: &[Shape], with_parked: bool) -> Result<Compared, RebuildError> {
    let (mut digests, mut changes, mut differing) = (Vec::new(), Vec::new(), Vec::new());
    let same: Vec<&'static str> =
        shapes.iter().filter(|shape| kept.versions.get(shape.name) == Some(&shape.version)).map(|shape| shape.name).collect();
    if with_parked && !same.is_empty() {
        // A new version may read what the former could not.
        let parked = || [Part { only: Some(same.clone()), ..Part::whole(&PARKED) }];
        let (before, now) = (digest(kept, &parked()).await?, digest(built, &parked()).await?);
        differing.extend((before != now).then_some(PARKED.name));
        digests.push((PARKED.name, now));
    }
    for shape in shapes {
        let parts = comparable(shape, kept.versions.get(shape.name).copied());
        let (before, now) = (digest(kept, &parts).await?, digest(built, &parts).await?);
        differing.extend((before != now).then_some(shape.name));
        if same.contains(&shape.name) {
            digests.push((shape.name, now));
        } else {
            changes.push(changed(shape, kept, &parts));
        }
    }
    if differing.is_empty() { Ok((digests, changes)) } else { Err(RebuildError::Differ { projections: differing }) }
}

/// What must be equal, given the version that was kept.
fn comparable(shape: &Shape, kept: Option<u32>) -> Vec<Part> {
    match kept {
        Some(kept) if kept == shape.version => shape.tables.iter().map(|table| Part::whole(table)).collect(),
        Some(kept) if kept + 1 == shape.version => {
            shape.tables.iter().map(|table| unchanged(shape, table)).filter(|part| !part.columns.is_empty()).collect()
        }
        // Nobody has said what became of the columns over several versions.
        Some(_) | None => Vec::new(),
    }
}

fn unchanged(shape: &Shape, table: &'static crate::table::Table) -> Part {
    let mut part = Part::whole(table);
    part.columns.retain(|column| !shape.changed.contains(&full(table.name, column).as_str()));
    part
}

fn changed(shape: &Shape, kept: &Store, parts: &[Part]) -> Changed {
    let compared: Vec<String> = parts.iter().flat_map(|part| part.columns.iter().map(|column| full(part.table.name, column))).collect();
    let all = shape.tables.iter().flat_map(|table| table.columns.iter().map(|(column, _)| full(table.name, column)));
    let rest: Vec<String> = all.filter(|column| !compared.contains(column)).collect();
    let from = kept.versions.get(shape.name).copied();
    tracing::info!(
        projection = shape.name,
        from,
        to = shape.version,
        rest = rest.join(", "),
        "rebuilt in a new version; kept and rebuilt agree in all other columns"
    );
    Changed { projection: shape.name, from, to: shape.version, compared, rest }
}

fn full(table: &str, column: &str) -> String {
    format!("{table}.{column}")
}

async fn digest(store: &Store, parts: &[Part]) -> Result<String, NotRead> {
    Ok(store.digest(parts).await?)
}
