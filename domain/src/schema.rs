//! JSON Schemas of what the log stores, for programs that read it without us: each fact with its envelope, and the scan.
//!
//! They say what a reader may count on. A field that was added later is not required, since older records lack it; unknown fields
//! are allowed, since newer ones have them. Draft 7, which AsyncAPI and most validators understand.

use crate::{
    Event,
    codec::{SCAN_TYPE, StoredEvent},
    reading::Scan,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

/// The schema of one stored type.
pub struct StoredSchema {
    pub kind: &'static str,
    /// The version that it describes.
    pub version: u16,
    pub schema: Schema,
}

/// Of every type as it is written today, the scan included.
pub fn all() -> Vec<StoredSchema> {
    let facts = Event::SCHEMAS.iter().map(|(kind, version, data)| StoredSchema { kind, version: *version, schema: fact(kind, *version, *data) });
    let (kind, version) = SCAN_TYPE;
    let mut scan = of::<Scan>();
    scan.insert("title".into(), kind.into());
    facts.chain([StoredSchema { kind, version, schema: scan }]).collect()
}

/// Of a fact of any type, known or not.
pub fn envelope() -> Schema {
    let mut envelope = of::<StoredEvent<'_>>();
    envelope.insert("title".into(), "Fact".into());
    envelope
}

/// Of anything that is stored or sent as JSON.
pub fn of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<T>()
}

fn fact(kind: &str, version: u16, data: fn(&mut SchemaGenerator) -> Schema) -> Schema {
    let mut generator = SchemaSettings::draft07().into_generator();
    let mut whole = generator.root_schema_for::<StoredEvent<'_>>();
    let data = data(&mut generator);
    whole.insert("title".into(), kind.into());
    whole.insert("definitions".into(), generator.take_definitions(true).into());
    if let Some(Value::Object(properties)) = whole.get_mut("properties") {
        properties.insert("type".into(), json!({ "const": kind }));
        properties.insert("schema".into(), json!({ "const": version }));
        properties.insert("data".into(), data.to_value());
    }
    whole
}
