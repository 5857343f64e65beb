//! deploy/k8s as far as it can be judged without a cluster: rendered by kustomize, held against the schemas of Kubernetes and Strimzi.

use crate::{
    compose::{read, root},
    judges::judged,
    program::{millwright, text},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs};

const OVERLAYS: [&str; 2] = ["one-node", "plant"];

/// Every object of an overlay, or nothing where there is no kustomize.
fn rendered(overlay: &str) -> Option<Vec<Value>> {
    let folder = format!("deploy/k8s/overlays/{overlay}");
    let made = judged("kustomize", &[&folder], &root())?;
    assert!(made.status.success(), "{overlay}: {}", text(&made.stderr));
    let parsed = |document: &str| serde_saphyr::from_str(document).unwrap_or_else(|error| panic!("{overlay}: {error}: {document}"));
    Some(text(&made.stdout).split("\n---\n").map(parsed).collect())
}

fn word<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn items<'a>(object: &'a Value, path: &str) -> &'a [Value] {
    object.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

struct Schemas(Vec<Value>);

impl Schemas {
    fn official() -> Self {
        let schema = |name: &str| serde_json::from_str(&read(&format!("tests/schemas/{name}"))).expect("JSON");
        Self(vec![schema("kubernetes-1.34.schema.json"), schema("strimzi-1.2.0.schema.json")])
    }
    fn problems(&self, object: &Value) -> Vec<String> {
        let kind = format!("{}/{}", word(object, "/apiVersion"), word(object, "/kind"));
        let Some(schema) = self.0.iter().find(|schema| !schema["properties"][&kind].is_null()) else { return vec![format!("nobody knows a {kind}")] };
        let mut wanted = schema["properties"][&kind].as_object().expect("a schema").clone();
        wanted.insert("$defs".into(), schema["$defs"].clone());
        let validator = jsonschema::validator_for(&Value::Object(wanted)).expect("a schema");
        validator
            .iter_errors(object)
            .map(|problem| format!("{kind} {}: {}: {problem}", word(object, "/metadata/name"), problem.instance_path()))
            .collect()
    }
}

#[test]
fn every_object_is_what_kubernetes_and_strimzi_say_that_it_is() {
    let schemas = Schemas::official();
    for overlay in OVERLAYS {
        let Some(mut objects) = rendered(overlay) else { return };
        let problems: Vec<String> = objects.iter().flat_map(|object| schemas.problems(object)).collect();
        assert!(problems.is_empty(), "{overlay}: {problems:#?}");
        let program = objects.iter_mut().find(|object| object["kind"] == "StatefulSet").expect("the program");
        program["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = json!({});
        assert_eq!(schemas.problems(program).len(), 1, "a misspelt key passed");
    }
    let wrong = json!({"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaNodePool", "metadata": {"name": "x"},
        "spec": {"replicas": 3, "roles": ["brokers"], "storage": {"type": "jbod", "volumes": []}}});
    assert_eq!(schemas.problems(&wrong).len(), 1, "a role that there is not passed");
}

/// Pods' specifications with the name of what they belong to.
fn pods(objects: &[Value]) -> Vec<(String, &Value)> {
    of_kind(objects, "StatefulSet").map(|set| (word(set, "/metadata/name").to_string(), &set["spec"]["template"])).collect()
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    items(pod, "/spec/initContainers").iter().chain(items(pod, "/spec/containers"))
}

#[test]
fn every_pod_is_without_root_with_limits_and_with_nothing_to_write_but_its_own() {
    for overlay in OVERLAYS {
        let Some(objects) = rendered(overlay) else { return };
        for (name, pod) in pods(&objects) {
            let spec = &pod["spec"];
            assert_eq!(spec["securityContext"]["runAsNonRoot"], true, "{name}");
            assert!(spec["securityContext"]["runAsUser"].as_u64().is_some_and(|user| user > 0), "{name}");
            assert_eq!(spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{name}");
            assert_eq!(spec["automountServiceAccountToken"], false, "{name} could ask the cluster");
            for container in containers(pod) {
                let name = format!("{overlay}: {name}/{}", word(container, "/name"));
                assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true, "{name}");
                assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false, "{name}");
                assert_eq!(container["securityContext"]["capabilities"]["drop"], json!(["ALL"]), "{name}");
                for kind in ["requests", "limits"] {
                    let given = &container["resources"][kind];
                    assert!(given["cpu"].is_string() && given["memory"].is_string(), "{name} has no {kind}");
                }
                let image = word(container, "/image");
                let (_, tag) = image.rsplit_once(':').unwrap_or_else(|| panic!("{name}: {image} may be another tomorrow"));
                assert!(tag.starts_with(|letter: char| letter.is_ascii_digit()), "{name}: {image}");
                if let Some(version) = image.strip_prefix("millwright:") {
                    assert_eq!(version, env!("CARGO_PKG_VERSION"), "{name}");
                }
            }
            let watched = |container: &Value| container["livenessProbe"].is_object();
            assert!(items(pod, "/spec/containers").iter().all(watched), "{overlay}: nobody asks how {name} is");
        }
        assert_eq!(of_kind(&objects, "PodDisruptionBudget").count(), 1, "{overlay}");
        assert_eq!(of_kind(&objects, "Secret").count(), 0, "{overlay}: secrets are for the plant to make");
    }
}

#[test]
fn every_pod_has_a_policy_of_whom_it_may_speak_to() {
    for overlay in OVERLAYS {
        let Some(objects) = rendered(overlay) else { return };
        for (name, pod) in pods(&objects) {
            let labels = &pod["metadata"]["labels"];
            let covers = |policy: &&Value| {
                let wanted = policy["spec"]["podSelector"]["matchLabels"].as_object().expect("labels");
                wanted.iter().all(|(key, value)| labels[key] == *value)
            };
            let policy = of_kind(&objects, "NetworkPolicy").find(covers).unwrap_or_else(|| panic!("{overlay}: anybody may speak to {name}"));
            assert_eq!(policy["spec"]["policyTypes"], json!(["Ingress", "Egress"]), "{name}");
            let from_anywhere = items(policy, "/spec/ingress").iter().any(|rule| items(rule, "/from").is_empty());
            assert!(!from_anywhere, "{overlay}: anybody may speak to {name}");
        }
    }
}

/// Names under a key of all volumes, such as `secret.secretName`.
fn mounted(objects: &[Value], path: &str) -> BTreeSet<String> {
    let volumes = pods(objects).into_iter().flat_map(|(_, pod)| items(pod, "/spec/volumes"));
    volumes.map(|volume| word(volume, path).to_string()).filter(|name| !name.is_empty()).collect()
}

#[test]
fn whatever_is_mounted_is_rendered_made_by_an_operator_or_told_to_the_plant() {
    let told = read("docs/deploy.md");
    for overlay in OVERLAYS {
        let Some(objects) = rendered(overlay) else { return };
        let names = |kind: &str| -> BTreeSet<String> { of_kind(&objects, kind).map(|object| word(object, "/metadata/name").to_string()).collect() };
        // Strimzi keeps one for each user, and one for the cluster's own authority.
        let mut secrets: BTreeSet<String> = names("KafkaUser");
        secrets.extend(names("Kafka").iter().map(|cluster| format!("{cluster}-cluster-ca-cert")));
        for secret in mounted(&objects, "/secret/secretName").difference(&secrets) {
            assert!(told.contains(&format!("create secret generic {secret} ")) || told.contains(&format!("create secret tls {secret} ")), "{secret}");
        }
        for config in mounted(&objects, "/configMap/name").difference(&names("ConfigMap")) {
            assert!(told.contains(&format!("create configmap {config} ")), "{overlay}: nobody makes {config}");
        }
        assert!(mounted(&objects, "/persistentVolumeClaim/claimName").is_subset(&names("PersistentVolumeClaim")), "{overlay}");
    }
    assert_eq!(read("deploy/k8s/postgres/10-reader.sh"), read("deploy/postgres/10-reader.sh"), "the role is made in two ways");
}

#[test]
fn the_program_can_use_its_settings_and_finds_what_it_stands_on() {
    for overlay in OVERLAYS {
        let Some(objects) = rendered(overlay) else { return };
        let settings = of_kind(&objects, "ConfigMap").find_map(|config| config["data"]["millwright.toml"].as_str()).expect("settings");
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path().to_str().expect("a plain path");
        for (name, content) in [("password", "p"), ("postgres_password", "p")] {
            fs::write(folder.path().join(name), content).expect("written");
        }
        let local = settings
            .replace("/etc/millwright/plants", root().join("config/compose/plant.toml").to_str().expect("a plain path"))
            .replace("/etc/millwright/policy/", &format!("{}/config/", root().display()))
            .replace("/etc/millwright/rules", &format!("{}/config/rules", root().display()))
            .replace("/secrets/kafka/", &format!("{here}/"))
            .replace("/secrets/postgres/", &format!("{here}/"))
            .replace("/keys", &format!("{here}/keys"));
        let file = folder.path().join("millwright.toml");
        fs::write(&file, local).expect("written");
        let checked = millwright().args(["check", "--config"]).arg(&file).current_dir(folder.path()).output().expect("the program starts");
        assert!(checked.status.success(), "{overlay}: {}{}", text(&checked.stdout), text(&checked.stderr));

        let parsed: toml::Value = toml::from_str(settings).expect("TOML");
        if let Some(postgres) = parsed.get("projections").and_then(|projections| projections["postgres"].as_str()) {
            let host = postgres.split('@').nth(1).and_then(|rest| rest.split('/').next()).expect("a host");
            assert!(of_kind(&objects, "Service").any(|service| word(service, "/metadata/name") == host), "no service {host}");
            let bootstrap = parsed["kafka"]["bootstrap"].as_str().expect("brokers");
            let brokers = of_kind(&objects, "Kafka").next().expect("a cluster");
            let listener = &brokers["spec"]["kafka"]["listeners"][0];
            assert_eq!(bootstrap, format!("{}-kafka-bootstrap:{}", word(brokers, "/metadata/name"), listener["port"]));
            let pools = of_kind(&objects, "KafkaNodePool").filter_map(|pool| pool["spec"]["replicas"].as_u64()).sum::<u64>();
            assert_eq!((pools, &brokers["spec"]["kafka"]["config"]["min.insync.replicas"]), (3, &json!(2)));
        }
        for (name, pod) in pods(&objects) {
            for container in containers(pod).filter(|container| word(container, "/image").starts_with("millwright:")) {
                let command: Vec<&str> = items(container, "/args").iter().filter_map(Value::as_str).collect();
                let help = millwright().args(&command).arg("--help").output().expect("the program starts");
                assert!(help.status.success(), "{name}: {command:?}: {}", text(&help.stderr));
            }
        }
    }
}
