//! Every setting as it is shown on the page: its value, where that comes from, and what the sample file says of it. No secret is among them.

use super::Settings;
use millwright_graphql::{Origin, ShownSetting};
use std::collections::{BTreeMap, BTreeSet};
use toml::Value;

/// The file that explains every key.
const SAMPLE: &str = include_str!("../../millwright.toml");
const ELSEWHERE: &str = "(kept elsewhere)";
/// The last words of keys whose values are secrets or say where one is.
const SECRET: [&str; 6] = ["token", "secret", "client_secret", "key", "password", "app_secret"];

/// Which keys stood in the file and which in the environment, by their dotted names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Origins {
    pub file: BTreeSet<String>,
    pub environment: BTreeSet<String>,
    /// What file and environment together came to; what differs from it was a flag.
    pub loaded: BTreeMap<String, String>,
}

impl Origins {
    pub fn of(file: &Value, environment: &Value, loaded: &Settings) -> Self {
        Self { file: leaves(file).into_keys().collect(), environment: leaves(environment).into_keys().collect(), loaded: all(loaded) }
    }

    fn of_key(&self, key: &str, value: &str) -> Origin {
        if !self.loaded.is_empty() && self.loaded.get(key).map(String::as_str) != Some(value) {
            Origin::Flag
        } else if self.environment.contains(key) {
            Origin::Environment
        } else if self.file.contains(key) {
            Origin::File
        } else {
            Origin::Default
        }
    }
}

/// In the order of the alphabet.
pub fn shown(settings: &Settings) -> Vec<ShownSetting> {
    let (defaults, docs) = (all(&Settings::default()), docs());
    let one = |(key, value): (String, String)| ShownSetting {
        origin: settings.origins.of_key(&key, &value),
        doc: docs.get(&key).cloned().unwrap_or_default(),
        default: defaults.get(&key).cloned().unwrap_or_default(),
        value: if hides(&key, &value) { ELSEWHERE.into() } else { value },
        key,
    };
    all(settings).into_iter().map(one).collect()
}

fn hides(key: &str, value: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    let is_secret = (SECRET.contains(&last) && key != "http.tls_key") || key == "projections.postgres";
    // A name and password may stand in an address, and properties of other libraries may hold anything.
    let may_hold_one = value.contains('@') || key.starts_with("kafka.properties") || last.contains("password");
    let is_empty = value.is_empty() || value == "\"\"" || value == "{}";
    !is_empty && (is_secret || may_hold_one)
}

fn all(settings: &Settings) -> BTreeMap<String, String> {
    Value::try_from(settings).map(|value| leaves(&value)).unwrap_or_default()
}

/// Dotted names with their values as TOML writes them.
fn leaves(value: &Value) -> BTreeMap<String, String> {
    fn walk(value: &Value, path: &str, into: &mut BTreeMap<String, String>) {
        match value {
            Value::Table(table) if !table.is_empty() => {
                for (key, value) in table {
                    walk(value, &if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, into);
                }
            }
            Value::Table(_) => {}
            other => {
                into.insert(path.to_string(), other.to_string());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(value, "", &mut found);
    found
}

/// What the sample file says right above each key.
fn docs() -> BTreeMap<String, String> {
    let (mut section, mut words, mut docs) = (String::new(), Vec::<&str>::new(), BTreeMap::new());
    for line in SAMPLE.lines() {
        let told = line.strip_prefix("# ");
        let key = told.and_then(|told| told.split_once(" = ")).map(|(key, _)| key).filter(|key| is_key(key));
        match (line.strip_prefix('['), key, told) {
            (Some(named), ..) => {
                section = named.trim_end_matches(']').to_string();
                words.clear();
            }
            (_, Some(key), _) => {
                let full = if section.is_empty() { key.to_string() } else { format!("{section}.{key}") };
                docs.insert(full, words.join(" "));
                words.clear();
            }
            (_, None, Some(told)) if !told.starts_with("  ") => words.push(told),
            _ => words.clear(),
        }
    }
    docs
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_says_where_it_comes_from_and_what_it_is_for() {
        let (file, environment): (Value, Value) =
            (toml::from_str("[log]\nseal_every_s = 60\n[http]\nlisten = \"127.0.0.1:1\"").unwrap(), toml::from_str("operator = \"ann\"").unwrap());
        let mut settings = Settings { operator: "ann".into(), ..Settings::default() };
        settings.log.seal_every_s = 60;
        settings.http.listen = "127.0.0.1:1".parse().unwrap();
        settings.origins = Origins::of(&file, &environment, &settings);
        settings.http.listen = "127.0.0.1:2".parse().unwrap();
        let shown = shown(&settings);
        let of = |key: &str| shown.iter().find(|one| one.key == key).unwrap();
        assert_eq!((of("log.seal_every_s").origin, of("operator").origin), (Origin::File, Origin::Environment));
        assert_eq!((of("http.listen").origin, of("data").origin), (Origin::Flag, Origin::Default));
        assert_eq!((of("log.seal_every_s").value.as_str(), of("log.seal_every_s").default.as_str()), ("60", "3600"));
        assert!(of("log.seal_every_s").doc.contains("sealed"), "{}", of("log.seal_every_s").doc);
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        let mut settings = Settings::default();
        settings.tickets.github.token = "ghp_pasted_by_mistake".parse().unwrap();
        settings.projections.postgres = "postgres://ann:secret@db/millwright".into();
        let text: String = shown(&settings).iter().map(|one| format!("{} {}\n", one.key, one.value)).collect();
        assert!(!text.contains("pasted_by_mistake") && !text.contains("secret@"), "{text}");
        assert!(text.contains("tickets.github.token (kept elsewhere)"), "{text}");
    }
}
