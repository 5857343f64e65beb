//! Describing a plant: the configurations of the documentation, trying devices out, and lists of tags from other tools.

use crate::program::{millwright, run, text};
use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

/// A folder in which `millwright check` looks at this plant file.
fn furnished(plant: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plant.toml"), plant).unwrap();
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let settings = format!("policy = {:?}\nrules = {:?}\n", config.join("policy.yaml"), config.join("rules"));
    fs::write(folder.path().join("millwright.toml"), settings).unwrap();
    folder
}

/// The blocks of that language in a page.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("```{language}\n");
    page.split(opening.as_str()).skip(1).filter_map(|rest| rest.split_once("\n```").map(|(block, _)| block)).collect()
}

#[test]
fn every_plant_file_in_the_documentation_works_by_copy_and_paste() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/devices");
    let mut tried = 0;
    for page in fs::read_dir(folder).unwrap() {
        let page = page.unwrap().path();
        let text_of_page = fs::read_to_string(&page).unwrap();
        for plant in blocks(&text_of_page, "toml").into_iter().filter(|block| block.contains("[plant]")) {
            let checked = run(&["check"], furnished(plant).path());
            assert!(checked.status.success(), "{}: {}\n{plant}", page.display(), text(&checked.stderr));
            tried += 1;
        }
    }
    assert!(tried >= 3, "{tried}");
}

/// The simulated plant as a process, with its plant file.
struct Simulated {
    child: Child,
    described: String,
}

impl Simulated {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let at = port.to_string();
        let folder = tempfile::tempdir().unwrap();
        let described = text(&run(&["plant", "--at", &at, "--describe"], folder.path()).stdout);
        let child = millwright().args(["plant", "--at", &at]).stdout(Stdio::null()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(port).is_err() {
            assert!(Instant::now() < until, "the plant does not listen at {at}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, described }
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const NOBODY: &str = r#"
[[plant.assets]]
id = "fan"
name = "Fan"
area = "a"
line = "l"

[[plant.assets.signals]]
id = "fan/speed"
device = "nobody"
kind = "speed"
unit = "rpm"

[[plant.assets.signals]]
id = "fan/flow"
device = "nobody"
kind = "flow"
unit = "l/min"
"#;

#[test]
fn check_asks_no_device_until_it_is_told_to_and_then_shows_every_value_in_every_byte_order() {
    let simulated = Simulated::start();
    let device = "\n[[devices]]\nprotocol = \"modbus_tcp\"\nid = \"nobody\"\naddress = \"127.0.0.1:1\"\npoints = [\n{ signal = \"fan/speed\", address = \"hr:0\" },\n{ signal = \"fan/flow\", address = \"hr:1\" },\n]\n";
    // What is the plant's stands before the devices.
    let (plant, devices) = simulated.described.split_once("[[devices]]").unwrap();
    let folder = furnished(&format!("{plant}{NOBODY}\n[[devices]]{devices}{device}"));

    let offline = run(&["check"], folder.path());
    let told = text(&offline.stdout);
    assert!(offline.status.success(), "{}", text(&offline.stderr));
    assert!(told.contains("nobody at 127.0.0.1:1") && told.contains("check --connect"), "{told}");
    assert!(run(&["check", "--offline"], folder.path()).status.success(), "scripts may still say it");

    let connected = run(&["check", "--connect"], folder.path());
    let told = text(&connected.stdout);
    assert_eq!(connected.status.code(), Some(1), "a device gives nothing: {told}");
    assert!(told.contains("in other byte orders: ") && told.contains("DCBA "), "{told}");
    assert!(told.contains("NO VALUE of any of its 2 points: cannot connect to 127.0.0.1:1"), "{told}");
    assert!(told.contains("on 2 devices; 1 device gave nothing"), "{told}");

    let devices: Vec<&str> = told.lines().filter_map(|line| line.split_once(" at 127.0.0.1:")).map(|(id, _)| id).collect();
    assert_eq!(devices.len(), 2, "{devices:?}");
    let one = run(&["check", "--connect", "--device", devices.iter().find(|id| **id != "nobody").unwrap()], folder.path());
    assert!(one.status.success() && !text(&one.stdout).contains("nobody"), "{}", text(&one.stdout));
    let none = run(&["check", "--device", "plc-99"], folder.path());
    assert!(!none.status.success() && text(&none.stderr).contains("plc-99"), "{}", text(&none.stderr));
}

/// Imports this file and hands back the plant file and what was said beside it.
fn imported(name: &str, content: &str, protocol: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    let import = ["import", "tags", name, "--protocol", protocol, "--asset", "pump-1", "--out", "plant.toml"];
    let output = run(&import, folder.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let again = run(&import, folder.path());
    assert!(!again.status.success() && text(&again.stderr).contains("a name that is free"), "nothing is written over: {}", text(&again.stderr));
    (fs::read_to_string(folder.path().join("plant.toml")).unwrap(), text(&output.stderr))
}

#[test]
fn a_list_of_modbus_tags_becomes_a_plant_file_that_can_be_used() {
    let page = include_str!("../docs/import.md");
    let rows = blocks(page, "csv").into_iter().find(|block| block.contains("Tag name")).unwrap();
    let (plant, told) =
        imported("tags.csv", &format!("{rows}\nFlow;nowhere;REAL;;;\nPump_Speed;40001;REAL;;;\nWide;49999;REAL;;mbar;\n"), "modbus_tcp");
    assert!(told.contains("line 4: \"Flow\" is left out: address") && told.contains("line 5: \"Pump_Speed\" is in line 2 already"), "{told}");
    assert!(told.contains("3 tags in plant.toml"), "{told}");
    assert!(
        plant.contains("kind = \"bearing_temperature\"    # guessed") && plant.contains("unit = \"degC\"\n") && plant.contains("\"mbar\""),
        "{plant}"
    );
    let checked = run(&["check"], furnished(&plant).path());
    assert!(checked.status.success(), "{}\n{plant}", text(&checked.stderr));
    assert!(text(&checked.stdout).contains("1!input:4:i16"), "{}", text(&checked.stdout));
}

#[test]
fn an_export_of_tia_portal_becomes_a_plant_file_that_can_be_used() {
    let table = "<?xml version='1.0' encoding='utf-8'?>
<Tagtable name='Default tag table'>
  <Tag type='Real' hmiVisible='True' remark='of the \"big\" pump' addr='%MD4'>Pump_Speed</Tag>
  <Tag type='Bool' remark='' addr='%E0.1'>Pump_Running</Tag>
  <Tag type='Int' remark='' addr='%AW4'>Valve_SP</Tag>
  <Tag type='Real' remark='' addr='%MW8'>Narrow</Tag>
  <Tag type='Timer' remark='' addr='%T1'>Delay</Tag>
</Tagtable>";
    let (plant, told) = imported("PLCTags.xml", table, "s7");
    assert!(told.contains("line 6: \"Narrow\" is left out: ") && told.contains("line 7: \"Delay\" is left out: "), "{told}");
    assert!(told.contains("3 tags in plant.toml"), "{told}");
    assert!(plant.contains("kind = \"valve_setpoint\"    # guessed") && !plant.contains("writable ="), "{plant}");
    let checked = run(&["check"], furnished(&plant).path());
    assert!(checked.status.success(), "{}\n{plant}", text(&checked.stderr));
    let told = text(&checked.stdout);
    assert!(told.contains("MD4:REAL") && told.contains("I0.1:BOOL") && told.contains("QW4:INT"), "{told}");
}

#[test]
fn a_list_that_cannot_be_used_says_why_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for (content, protocol, because) in [
        ("", "modbus_tcp", "is empty"),
        ("speed,1\n", "modbus_tcp", "no column for the name"),
        ("name,address\nspeed,nowhere\n", "modbus_tcp", "none of its 1 rows can be used"),
        ("name,address\nspeed,40001\n", "carrier_pigeon", "carrier_pigeon"),
        ("<!DOCTYPE a><Tagtable/>", "modbus_tcp", "DOCTYPE"),
        ("<Tagtable>", "modbus_tcp", "ends in the middle"),
    ] {
        fs::write(folder.path().join("tags"), content).unwrap();
        let output = run(&["import", "tags", "tags", "--protocol", protocol, "--address", "10.0.0.1:502"], folder.path());
        let told = text(&output.stderr);
        assert!(!output.status.success() && told.contains(because), "{content:?}: {told}");
        assert!(output.stdout.is_empty(), "half a plant file is none");
    }
}
