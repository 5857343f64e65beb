//! The plant file that a list of tags comes to: for a person to read and correct, and one that can be used as it is.

use super::{Tag, Tags, Unusable, guess, shortened};
use crate::{
    device::DeviceConfig,
    files::columns::{Names, slug},
};
use millwright_domain::{
    ids::{AssetId, DeviceId, SignalId, SiteId},
    plant::{Asset, Plant, Signal, Source},
    quantity::{QuantityKind, Unit},
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fmt::Write};
use thiserror::Error;

/// What the list itself does not say.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// The file's name, for people.
    pub file: String,
    pub site: SiteId,
    /// Of every tag that names none.
    pub asset: AssetId,
    pub device: DeviceId,
    pub protocol: String,
    /// Where the device is; a place to fill in where it is not known.
    pub address: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    pub text: String,
    pub used: usize,
    pub guessed: usize,
    pub unusable: Vec<Unusable>,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotWritten {
    #[error("{0}")]
    Device(String),
    #[error("a device of {0} is not found without its address; give it with --address")]
    NoAddress(String),
    #[error("none of its {0} rows can be used; the first: {1}")]
    NothingUsable(usize, Unusable),
}

/// A tag that can be used: its signal, its point, and what was not sure.
struct Usable<'a> {
    tag: &'a Tag,
    signal: Signal,
    point: Map<String, Value>,
    kind_is_guessed: bool,
    unit_is_guessed: bool,
    remark: Option<String>,
}

pub fn write(about: &About, tags: &Tags) -> Result<Written, NotWritten> {
    let device = device(about)?;
    let mut unusable = tags.unusable.clone();
    let mut assets: BTreeMap<AssetId, (Names, Vec<Usable>)> = BTreeMap::new();
    let mut lines_of: BTreeMap<(&str, &str, Option<&str>), u64> = BTreeMap::new();
    for tag in &tags.tags {
        let refused = |why: String| Unusable { line: tag.line, name: shortened(&tag.name), why };
        if let Some(line) = lines_of.insert((&tag.name, &tag.address, tag.asset.as_deref()), tag.line) {
            unusable.push(refused(format!("is in line {line} already")));
            continue;
        }
        let asset = tag.asset.as_ref().map_or_else(|| about.asset.clone(), |asset| asset.trim().parse().unwrap_or_else(|_not_an_id| named(asset)));
        let names = assets.entry(asset.clone()).or_default();
        let usable = Usable::of(tag, names.0.unique(&asset, &tag.name), about);
        match can_be(&device, &usable, about) {
            Ok(()) => names.1.push(usable),
            Err(why) => unusable.push(refused(why)),
        }
    }
    assets.retain(|_, (_, usable)| !usable.is_empty());
    unusable.sort_by_key(|row| row.line);
    let used = assets.values().map(|(_, usable)| usable.len()).sum();
    let guessed = assets.values().flat_map(|(_, usable)| usable).filter(|usable| usable.kind_is_guessed || usable.unit_is_guessed).count();
    match (used, unusable.first()) {
        (0, Some(first)) => Err(NotWritten::NothingUsable(unusable.len(), first.clone())),
        _ => Ok(Written { text: text(about, &device, &assets, &unusable), used, guessed, unusable }),
    }
}

/// Slugs are names.
fn named(text: &str) -> AssetId {
    slug(text, 40).parse().expect("a slug is a name")
}

/// The device's own keys, but its points.
fn device(about: &About) -> Result<Map<String, Value>, NotWritten> {
    let About { protocol, address, device, .. } = about;
    let (key, usual) = match protocol.as_str() {
        "modbus_rtu" if address.as_ref().is_none_or(|address| !address.contains(':')) => ("port", Some("/dev/ttyUSB0")),
        "modbus_rtu" => ("address", None),
        "modbus_tcp" => ("address", Some("192.168.0.10:502")),
        "s7" => ("address", Some("192.168.0.10:102")),
        _ => ("address", None),
    };
    let place = address.as_deref().or(usual).ok_or_else(|| NotWritten::NoAddress(protocol.clone()))?;
    let Value::Object(keys) = json!({ "protocol": protocol, "id": device, key: place }) else { return Ok(Map::new()) };
    let mut whole = keys.clone();
    whole.insert("points".into(), json!([]));
    // Without points it cannot be used yet, but its keys can be looked at.
    serde_json::from_value::<DeviceConfig>(whole.into()).map_err(|why| NotWritten::Device(why.to_string()))?;
    Ok(keys)
}

/// What a configured device with this point alone would be told.
fn can_be(device: &Map<String, Value>, usable: &Usable, about: &About) -> Result<(), String> {
    let asset = Asset {
        id: about.asset.clone(),
        name: String::new(),
        area: String::new(),
        line: String::new(),
        cell: None,
        class: String::new(),
        vendor: String::new(),
        signals: vec![usable.signal.clone()],
    };
    let plant = Plant { site: about.site.clone(), name: String::new(), source: Source::Live, assets: vec![asset] };
    let mut whole = device.clone();
    whole.insert("points".into(), json!([usable.point]));
    let config: DeviceConfig = serde_json::from_value(whole.into()).map_err(|why| format!("is left out: {why}"))?;
    config.checked(&plant).map(drop).map_err(|bad| format!("is left out: {} {}", bad.key.trim_start_matches("points[0]."), bad.problem))
}

impl<'a> Usable<'a> {
    fn of(tag: &'a Tag, id: SignalId, about: &About) -> Self {
        let (guessed_kind, guessed_unit) = guess::kind(&tag.name);
        let told_kind = tag.kind.as_ref().map(|kind| kind.trim().to_lowercase().parse::<QuantityKind>());
        let told_unit = tag.unit.as_ref().map(|unit| guess::unit(unit).ok_or(unit));
        let remark = match (&told_kind, &told_unit) {
            (Some(Err(unknown)), _) => Some(unknown.to_string()),
            (_, Some(Err(unknown))) => Some(format!("{:?} is no unit that is known here; bring it to one with `scale`", shortened(unknown))),
            _ => None,
        };
        let kind_is_guessed = !matches!(told_kind, Some(Ok(_)));
        let kind = told_kind.and_then(Result::ok).unwrap_or(guessed_kind);
        let unit_is_guessed = !matches!(told_unit, Some(Ok(_)));
        let unit = match told_unit {
            Some(Ok(unit)) => unit,
            // Another unit than the usual one: to write the usual one would be wrong for sure.
            Some(Err(_)) => Unit::One,
            None => guessed_unit,
        };
        let mut point = Map::new();
        point.insert("signal".into(), id.as_str().into());
        point.insert("address".into(), tag.address.clone().into());
        for (key, value) in [("type", &tag.data_type), ("byte_order", &tag.byte_order.as_ref().map(|order| order.to_uppercase()))] {
            if let Some(value) = value {
                point.insert(key.into(), value.clone().into());
            }
        }
        for (key, value) in [("scale", tag.scale), ("offset", tag.offset)] {
            if let Some(value) = value {
                point.insert(key.into(), value.into());
            }
        }
        let signal = Signal { id, device: about.device.clone(), kind, unit, range: None, trip: None, writable: None };
        Self { tag, signal, point, kind_is_guessed, unit_is_guessed, remark }
    }
}

fn text(about: &About, device: &Map<String, Value>, assets: &BTreeMap<AssetId, (Names, Vec<Usable>)>, unusable: &[Unusable]) -> String {
    let mut text = format!(
        "# From {}. Go through kinds and units, those marked as guessed above all: rules and detectors go by them.\n\
         # Nothing here is writable: only a person says what may be written, with its limits (see config/plant.example.toml).\n\n\
         [plant]\nsite = {}\nname = {}\n",
        comment(&about.file),
        quoted(about.site.as_str()),
        quoted(about.site.as_str()),
    );
    for (asset, (_, usable)) in assets {
        let id = quoted(asset.as_str());
        line(&mut text, &format!("\n[[plant.assets]]\nid = {id}\nname = {id}\narea = \"imported\"\nline = \"imported\""));
        usable.iter().for_each(|usable| signal(&mut text, usable));
    }
    line(&mut text, "\n[[devices]]");
    for (key, value) in device {
        let change = if about.address.is_none() && matches!(key.as_str(), "address" | "port") { "    # put the device's own here" } else { "" };
        line(&mut text, &format!("{key} = {value}{change}"));
    }
    line(&mut text, "points = [");
    for usable in assets.values().flat_map(|(_, usable)| usable) {
        let keys: Vec<String> = usable.point.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        line(&mut text, &format!("    {{ {} }},", keys.join(", ")));
    }
    line(&mut text, "]");
    if !unusable.is_empty() {
        line(&mut text, "\n# Left out:");
        unusable.iter().for_each(|row| line(&mut text, &format!("# {}", comment(&row.to_string()))));
    }
    text
}

fn signal(text: &mut String, usable: &Usable) {
    let Usable { tag, signal, kind_is_guessed, unit_is_guessed, remark, .. } = usable;
    let guessed = |is: &bool| if *is { "    # guessed" } else { "" };
    let told = if tag.comment.is_empty() { tag.name.clone() } else { format!("{}: {}", tag.name, tag.comment) };
    line(text, &format!("\n# {}", comment(&told)));
    if let Some(remark) = remark {
        line(text, &format!("# {}", comment(remark)));
    }
    line(text, "[[plant.assets.signals]]");
    line(text, &format!("id = {}\ndevice = {}", quoted(signal.id.as_str()), quoted(signal.device.as_str())));
    line(text, &format!("kind = {}{}", quoted(signal.kind.as_str()), guessed(kind_is_guessed)));
    line(text, &format!("unit = {}{}", quoted(signal.unit.as_str()), guessed(unit_is_guessed)));
}

fn line(text: &mut String, more: &str) {
    // Writing to a text cannot fail.
    writeln!(text, "{more}").unwrap_or_default();
}

/// JSON's escapes are TOML's as well.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// In one line, whatever the other tool had in it.
fn comment(text: &str) -> String {
    text.chars().take(300).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
