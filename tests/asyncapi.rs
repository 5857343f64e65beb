//! The description of the topics for programs that read them without us: written from the code, held against AsyncAPI's own schema.
//! After a change that is meant: `BLESS=1 cargo test --test it asyncapi`.

use millwright_commands::Ask;
use millwright_domain::{
    codec::SCAN_TYPE,
    schema::{self, StoredSchema},
};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn parsed(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn document() -> Value {
    let types = schema::all();
    let is_scan = |stored: &&StoredSchema| stored.kind == SCAN_TYPE.0;
    let (facts, scans): (Vec<_>, Vec<_>) = types.iter().partition(|stored| !is_scan(stored));
    let mut messages: Map<String, Value> = types.iter().map(message).collect();
    messages.insert("Barrier".into(), barrier());
    messages.insert("Command".into(), command());
    let named = |stored: &[&StoredSchema], others: &[&str]| -> Value {
        let names = stored.iter().map(|stored| stored.kind).chain(others.iter().copied());
        names.map(|name| (name.to_string(), reference(&format!("components/messages/{name}")))).collect::<Map<_, _>>().into()
    };
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Millwright on Kafka",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The topics of the plant edition, for programs that read them without us. Read with isolation.level=read_committed. Only Millwright writes: a fact is one by its place in the hash chain, and what does not continue the chain is passed over. Topic names begin with the setting kafka.prefix.",
            "license": { "name": "Apache-2.0" }
        },
        "defaultContentType": "application/json",
        "channels": {
            "ledger": {
                "address": "millwright.ledger",
                "description": "Everything decided, seen or done, kept for ever. A site lives in one partition, keyed by its name; `seq` is dense there, Kafka's offsets are not.",
                "messages": named(&facts, &["Barrier"]),
                "bindings": topic("millwright.ledger", &json!({ "cleanup.policy": ["delete"], "retention.ms": -1, "retention.bytes": -1 }))
            },
            "readings": {
                "address": "millwright.readings",
                "description": "What the machines said, at least once. A scan's identity is site, device, epoch and scan number; take each once, in order, and none of a lower epoch after a higher one.",
                "messages": named(&scans, &[]),
                "bindings": topic("millwright.readings", &json!({ "cleanup.policy": ["delete"] }))
            },
            "commands": {
                "address": "millwright.commands",
                "description": "Commands on their way from the node that was asked to the owner of the partition, of the same key as its facts. The answer is a CommandAnswered on the ledger. For Millwright's own nodes; others ask over GraphQL.",
                "messages": named(&[], &["Command"]),
                "bindings": topic("millwright.commands", &json!({ "cleanup.policy": ["delete"], "retention.ms": 3_600_000 }))
            }
        },
        "operations": {
            "recordFact": operation("send", "ledger", "An owner commits facts, their answers included, in one transaction."),
            "recordReadings": operation("send", "readings", "A collector appends scans."),
            "forwardCommand": operation("send", "commands", "A node passes a command on to the owner."),
            "takeCommand": operation("receive", "commands", "The owner decides what was passed on.")
        },
        "components": {
            "messages": messages,
            "schemas": {
                "Command": without_dialect(schema::of::<Ask>().to_value()),
                "CloudEvent": headers(&[
                    ("ce_specversion", "The version of CloudEvents: 1.0"),
                    ("ce_id", "Unique within its source."),
                    ("ce_source", "Who it is about: /millwright/ and the partition."),
                    ("ce_type", "io.millwright., the type, .v and its schema version."),
                    ("content-type", "application/json"),
                ]),
                "CommandHeaders": traced(headers(&[
                    ("ce_gooduntil", "When nobody waits any more, in microseconds since 1970, UTC; it is not decided after that."),
                ])),
                "FactHeaders": traced(headers(&[
                    ("ce_time", "When it happened, RFC 3339."),
                    ("ce_subject", "The stream that it belongs to, such as case/ and an id."),
                    ("ce_streamversion", "Its place in that stream, from 1."),
                    ("ce_seq", "Its place in the partition, from 0, without gaps."),
                    ("ce_epoch", "The ownership under which it was written."),
                    ("ce_hash", "SHA-256 over ce_prevhash, the seq in eight bytes and the value, in hex."),
                    ("ce_prevhash", "The hash of the fact before."),
                    ("ce_commit", "First and last seq of the commit that it is part of, with a - between; take a commit once it is whole."),
                ]))
            }
        }
    })
}

fn reference(path: &str) -> Value {
    json!({ "$ref": format!("#/{path}") })
}

fn topic(name: &str, configuration: &Value) -> Value {
    json!({ "kafka": { "topic": name, "topicConfiguration": configuration, "bindingVersion": "0.5.0" } })
}

fn operation(action: &str, channel: &str, says: &str) -> Value {
    json!({ "action": action, "channel": reference(&format!("channels/{channel}")), "description": says })
}

/// Kafka's headers are bytes; ours are all text.
fn headers(named: &[(&str, &str)]) -> Value {
    let properties: Map<String, Value> =
        named.iter().map(|(name, says)| ((*name).into(), json!({ "type": "string", "description": says }))).collect();
    let required: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// Only what is about a case has one.
fn traced(mut headers: Value) -> Value {
    let says = "Its place in the trace of its case, as the header traceparent of W3C Trace Context; only where there is a case.";
    headers["properties"]["ce_traceparent"] = json!({ "type": "string", "description": says });
    headers
}

fn message(stored: &StoredSchema) -> (String, Value) {
    let is_scan = stored.kind == SCAN_TYPE.0;
    let key = if is_scan {
        "The site and the device, with a / between."
    } else {
        "The partition's name: a site, _platform, or the truth of a simulated site."
    };
    let own = of_type(&format!("io.millwright.{}.v{}", stored.kind, stored.version));
    let fact = ["CloudEvent", "FactHeaders"].map(|schema| reference(&format!("components/schemas/{schema}")));
    // Readings are many, so they carry no more than they have to.
    let all = if is_scan { vec![own] } else { [&fact[..], &[own]].concat() };
    let definition = stored.schema.get("definitions").and_then(|definitions| definitions.get(stored.kind)).or(Some(stored.schema.as_value()));
    let message = json!({
        "name": stored.kind,
        "description": definition.and_then(|definition| definition.get("description")),
        "headers": { "allOf": all },
        "payload": { "$ref": format!("./events/{}.v{}.schema.json", stored.kind, stored.version) },
        "bindings": keyed(key),
    });
    (stored.kind.to_string(), message)
}

fn keyed(says: &str) -> Value {
    json!({ "kafka": { "key": { "type": "string", "description": says }, "bindingVersion": "0.5.0" } })
}

fn of_type(kind: &str) -> Value {
    json!({ "type": "object", "properties": { "ce_type": { "const": kind } }, "required": ["ce_type"] })
}

fn barrier() -> Value {
    let token = json!({ "type": "object", "properties": { "barrier": { "type": "string", "format": "uuid" } }, "required": ["barrier"] });
    json!({
        "name": "Barrier",
        "description": "Written by a new owner to see that everything before it has been read. No fact: pass it over.",
        "headers": { "allOf": [reference("components/schemas/CloudEvent"), of_type("io.millwright.Barrier")] },
        "payload": token,
        "bindings": keyed("The partition's name."),
    })
}

fn command() -> Value {
    json!({
        "name": "Command",
        "description": "One command with its id, who asks, and why. The same id always gets the first answer.",
        "headers": { "allOf": [reference("components/schemas/CloudEvent"), reference("components/schemas/CommandHeaders"), of_type("io.millwright.Ask.v1")] },
        "payload": reference("components/schemas/Command"),
        "bindings": keyed("The partition's name."),
    })
}

/// Inside another document a schema is of that document's dialect, and its definitions lie where they are referred to from.
fn without_dialect(mut schema: Value) -> Value {
    if let Value::Object(schema) = &mut schema {
        schema.remove("$schema");
    }
    moved(schema)
}

/// `#/definitions/X` points at the document's root, so inside of a document the references need the way to here before them.
fn moved(value: Value) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix("#/definitions/") {
            Some(name) => format!("#/components/schemas/Command/definitions/{name}").into(),
            None => text.into(),
        },
        Value::Array(items) => items.into_iter().map(moved).collect(),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, moved(value))).collect()),
        other => other,
    }
}

#[test]
fn the_description_of_the_topics_is_that_of_the_code() {
    let file = root().join("docs/asyncapi.json");
    let document = document();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, format!("{document:#}\n")).expect("docs/asyncapi.json can be written");
    }
    assert!(parsed(&file) == document, "docs/asyncapi.json is not what the code says; BLESS=1 writes it anew, if the change is meant");
}

#[test]
fn the_description_of_the_topics_is_asyncapi_3() {
    let official = jsonschema::validator_for(&parsed(&root().join("tests/schemas/asyncapi-3.0.0.schema.json"))).expect("the official schema");
    let described = parsed(&root().join("docs/asyncapi.json"));
    let problems: Vec<String> = official.iter_errors(&described).map(|problem| format!("{}: {problem}", problem.instance_path())).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    let mut wrong = described;
    wrong["channels"]["ledger"]["adress"] = "millwright.ledger".into();
    assert!(!official.is_valid(&wrong), "a misspelt field passed");
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match value {
            Value::String(target) if name == "$ref" => {
                found.insert(target.clone());
            }
            other => references(other, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn whatever_the_description_refers_to_is_there() {
    let described = parsed(&root().join("docs/asyncapi.json"));
    let mut found = BTreeSet::new();
    references(&described, &mut found);
    assert!(found.len() > 80, "{found:?}");
    for target in found {
        match target.strip_prefix('#') {
            Some(pointer) => assert!(described.pointer(pointer).is_some(), "{target} leads nowhere"),
            None => assert!(root().join("docs").join(&target).is_file(), "{target} is no file"),
        }
    }
}

/// Header names in the sources that make records, their tests left out.
fn written() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in ["record.rs", "membership/courier.rs", "readings/writer.rs"] {
        let code = fs::read_to_string(root().join("infra/src/log/kafka").join(file)).expect("where records are made");
        let code = code.split("#[cfg(test)]").next().unwrap_or_default().to_string();
        for begin in ["text(\"", "key: \""] {
            names.extend(code.split(begin).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_string));
        }
    }
    names
}

#[test]
fn the_headers_described_are_those_written() {
    let described = parsed(&root().join("docs/asyncapi.json"));
    let of = |schema: &str| described["components"]["schemas"][schema]["required"].as_array().expect("names").clone();
    let described = [of("CloudEvent"), of("FactHeaders"), of("CommandHeaders")].concat();
    let described: BTreeSet<String> = described.iter().map(|name| name.as_str().expect("a name").into()).collect();
    assert_eq!(described, written());
}
