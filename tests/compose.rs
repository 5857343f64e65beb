//! docker-compose.yml and the Dockerfile, as far as they can be judged without an engine: official schema, files, settings, ports, pins.

use crate::program::{millwright, text};
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn yaml(path: &str) -> Value {
    serde_saphyr::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn compose() -> Value {
    yaml("docker-compose.yml")
}

fn services() -> Map<String, Value> {
    compose()["services"].as_object().expect("services").clone()
}

pub fn service(name: &str) -> Value {
    services().remove(name).unwrap_or_else(|| panic!("no service {name}"))
}

pub fn texts(value: &Value) -> Vec<String> {
    value.as_array().map(|items| items.iter().filter_map(Value::as_str).map(str::to_string).collect()).unwrap_or_default()
}

/// The settings of deploy/.env.example, as `docker compose` would read them.
fn sample() -> BTreeMap<String, String> {
    let text = read("deploy/.env.example");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split_once('=').expect("NAME=value")).map(|(name, value)| (name.into(), value.into())).collect()
}

/// Replaces `${NAME}` and `${NAME:-default}`.
fn interpolated(text: &str, variables: &BTreeMap<String, String>) -> String {
    let Some((before, rest)) = text.split_once("${") else { return text.to_string() };
    let (inside, after) = rest.split_once('}').expect("a closing brace");
    let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
    let value = variables.get(name).filter(|value| !value.is_empty()).map_or(default.to_string(), |value| interpolated(value, variables));
    format!("{before}{value}{}", interpolated(after, variables))
}

/// Names in `${…}` anywhere in a text.
fn asked_for(text: &str) -> BTreeSet<String> {
    let inside = text.split("${").skip(1).filter_map(|rest| rest.split('}').next());
    inside.map(|inside| inside.split(":-").next().unwrap_or_default().to_string()).collect()
}

#[test]
fn the_compose_file_is_what_the_compose_specification_says() {
    let official: Value = serde_json::from_str(&read("tests/schemas/compose-spec.schema.json")).expect("JSON");
    let official = jsonschema::validator_for(&official).expect("a schema");
    let problems: Vec<String> = official.iter_errors(&compose()).map(|problem| format!("{}: {problem}", problem.instance_path())).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    let mut wrong = compose();
    wrong["services"]["kafka"]["imag"] = "apache/kafka".into();
    assert!(!official.is_valid(&wrong), "a misspelt key passed");
}

#[test]
fn every_mounted_file_exists_and_every_volume_and_secret_is_declared_and_used() {
    let compose = compose();
    let names = |key: &str| -> BTreeSet<String> { compose[key].as_object().expect("names").keys().cloned().collect() };
    let (mut volumes, mut secrets) = (BTreeSet::new(), BTreeSet::new());
    for (name, service) in services() {
        for mount in texts(&service["volumes"]) {
            let source = mount.split(':').next().expect("a source");
            if source.starts_with("./") {
                assert!(root().join(source).is_dir(), "{name} mounts {source}, which is not there");
                assert!(mount.ends_with(":ro"), "{name} could write to {source}");
            } else {
                volumes.insert(source.to_string());
            }
        }
        secrets.extend(texts(&service["secrets"]));
    }
    assert_eq!(volumes, names("volumes"));
    assert_eq!(secrets, names("secrets"));
}

#[test]
fn no_secret_is_in_a_file_and_the_sample_names_whatever_is_asked_for() {
    let compose = compose();
    let of_secrets = compose["secrets"].as_object().expect("secrets").values();
    let secrets: BTreeSet<String> = of_secrets.map(|secret| secret["environment"].as_str().expect("from the environment").to_string()).collect();
    let sample = sample();
    for secret in &secrets {
        assert_eq!(sample.get(secret).map(String::as_str), Some(""), "{secret} is for everybody to set");
    }
    let asked: BTreeSet<String> = asked_for(&read("docker-compose.yml")).union(&secrets).cloned().collect();
    let shown: BTreeSet<String> = sample.keys().filter(|name| *name != "COMPOSE_PROFILES").cloned().collect();
    assert_eq!(asked, shown, "docker-compose.yml asks for other variables than deploy/.env.example shows");
    let known: BTreeSet<String> = services().values().flat_map(|service| texts(&service["profiles"])).collect();
    for profile in sample["COMPOSE_PROFILES"].split(',') {
        assert!(known.contains(profile), "no service has the profile {profile}");
    }
}

/// Runs `millwright check` on the composed configuration, with config/ where it is here.
fn check(variables: &BTreeMap<String, String>) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = folder.path().join("millwright.toml");
    let config = root().join("config");
    let text_here = read("config/compose/millwright.toml").replace("/etc/millwright", config.to_str().expect("a plain path"));
    fs::write(&settings, text_here).expect("written");
    let checked = millwright().args(["check", "--config"]).arg(&settings).envs(variables).current_dir(folder.path()).output();
    let checked = checked.expect("the program starts");
    if checked.status.success() { Ok(()) } else { Err(text(&checked.stderr)) }
}

#[test]
fn every_variable_is_a_setting_and_the_configuration_can_be_used() {
    for variables in [BTreeMap::new(), sample()] {
        for (name, service) in services() {
            let given = service["environment"].as_object().cloned().unwrap_or_default();
            let ours = given.iter().filter(|(key, _)| key.starts_with("MILLWRIGHT_"));
            let ours: BTreeMap<String, String> =
                ours.map(|(key, value)| (key.clone(), interpolated(value.as_str().expect("a text"), &variables))).collect();
            check(&ours).unwrap_or_else(|refused| panic!("{name} with {ours:?}: {refused}"));
        }
    }
    let misspelt = BTreeMap::from([("MILLWRIGHT_KAFKA__BOOTSTRAPS".to_string(), "127.0.0.1:9092".to_string())]);
    assert!(check(&misspelt).is_err_and(|refused| refused.contains("bootstraps")), "a misspelt variable passed");
}

#[test]
fn every_command_is_one_that_the_program_knows() {
    for (name, service) in services().into_iter().filter(|(_, service)| service["build"].is_string()) {
        let health = texts(&service["healthcheck"]["test"]);
        let health = health.strip_prefix(&["CMD".to_string(), "millwright".to_string()]).unwrap_or_default();
        for command in [&texts(&service["command"])[..], health] {
            // Asked for help, the program reads all that stands before it and does nothing.
            let help = millwright().args(command).arg("--help").output().expect("the program starts");
            assert!(help.status.success(), "{name}: {command:?}: {}", text(&help.stderr));
        }
    }
}

#[test]
fn the_composed_plant_is_the_simulated_one() {
    let at = texts(&service("plant")["command"]);
    let described = millwright().args(&at).arg("--describe").output().expect("the program starts");
    let described: toml::Value = toml::from_str(&text(&described.stdout)).expect("TOML");
    let configured: toml::Value = toml::from_str(&read("config/compose/plant.toml")).expect("TOML");
    assert_eq!(configured, described, "config/compose/plant.toml is not what `millwright plant --describe` prints");
}

#[test]
fn ports_agree_and_nothing_listens_beyond_this_machine() {
    let defaults = read("millwright.toml");
    let default = |key: &str| defaults.lines().find_map(|line| line.strip_prefix(&format!("# {key} = "))).expect(key).trim_matches('"').to_string();
    assert_eq!(default("listen"), "127.0.0.1:7410");
    assert_eq!(default("bootstrap"), sample()["MILLWRIGHT_KAFKA__BOOTSTRAP"]);
    let published = |name: &str| texts(&service(name)["ports"]);
    assert_eq!(published("kafka"), ["127.0.0.1:9092:9092"]);
    assert!(read("deploy/kafka/server.properties").contains("advertised.listeners=PLAINTEXT://127.0.0.1:9092\n"));
    assert_eq!(published("postgres"), ["127.0.0.1:5432:5432"]);
    assert!(sample()["MILLWRIGHT_PROJECTIONS__POSTGRES"].contains("@127.0.0.1:5432/millwright"));
    for (name, service) in services() {
        let ports = texts(&service["ports"]);
        assert!(ports.iter().all(|port| port.starts_with("127.0.0.1:")), "{name} publishes {ports:?} beyond loopback");
        let shares_the_host = service["network_mode"] == "host";
        let says_loopback = service.to_string().contains("127.0.0.1") || name == "millwright";
        assert!(!shares_the_host || says_loopback, "{name} is on the host's network and says no address");
        let ends = service["restart"] == "on-failure";
        assert!(ends || service["healthcheck"]["test"].is_array(), "nobody asks how {name} is");
    }
}

/// `name:1.2.3`, not `name`, `name:latest` or `name:${X}`.
fn is_pinned(image: &str) -> bool {
    image
        .rsplit_once(':')
        .is_some_and(|(_, tag)| tag.starts_with(|c: char| c.is_ascii_digit() || c == 'v') && tag.contains(|c: char| c.is_ascii_digit()))
}

#[test]
fn images_are_pinned_and_ours_is_of_this_version() {
    for (name, service) in services() {
        let image = service["image"].as_str().unwrap_or_default();
        assert!(is_pinned(image), "{name} takes {image:?}, which may be another tomorrow");
        if service["build"].is_string() {
            assert_eq!(image, concat!("millwright:", env!("CARGO_PKG_VERSION")), "{name}");
        }
    }
    assert!(!is_pinned("apache/kafka:latest") && !is_pinned("apache/kafka"));
}

#[test]
fn the_dockerfile_copies_what_exists_and_leaves_a_small_image_without_root() {
    let dockerfile = read("Dockerfile");
    let lines: Vec<Vec<&str>> = dockerfile.lines().map(|line| line.split_whitespace().collect()).collect();
    let ignored = read(".dockerignore");
    let mut stages: BTreeSet<&str> = BTreeSet::new();
    for words in &lines {
        match &words[..] {
            ["FROM", image, rest @ ..] => {
                let (_, tag) = image.split_once(':').expect("a tag");
                assert!(tag != "latest" && (is_pinned(image) || tag == "bookworm-slim"), "{image} may be another tomorrow");
                stages.extend(rest.last().copied());
            }
            ["COPY", from, ..] if from.starts_with("--from=") => assert!(stages.contains(&from["--from=".len()..]), "{from} is no stage before"),
            ["COPY", sources @ .., _] => {
                for source in sources {
                    assert!(root().join(source).exists(), "the Dockerfile copies {source}, which is not there");
                    assert!(!ignored.lines().any(|line| line.trim_end_matches('/') == *source), "{source} is in .dockerignore");
                }
            }
            _ => {}
        }
    }
    let manifest: toml::Value = toml::from_str(&read("Cargo.toml")).expect("TOML");
    let rust = manifest["workspace"]["package"]["rust-version"].as_str().expect("a version");
    assert!(dockerfile.contains(&format!("FROM rust:{rust}-")), "the image builds with another Rust than {rust}");
    let last = dockerfile.rsplit("\nFROM ").next().expect("a last stage");
    assert!(last.contains("\nUSER millwright\n") && last.contains("HEALTHCHECK") && !last.contains("curl"), "{last}");
    assert!(Path::new(&root()).join("web/package-lock.json").exists());
}
