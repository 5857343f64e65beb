//! What a plant's people edit: the plant file, the policy, the rules. Read once, checked, refused with file and reason.

use crate::settings::Settings;
use anyhow::{Context, Result, bail, ensure};
use millwright_agents::diagnosis::{RuleBook, Rules};
use millwright_domain::{plant::Plant, policy::Policy, roster::Roster};
use millwright_ingest::{
    device::{Device, DeviceConfig},
    field,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The plant file: the description, and how to reach each device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantFile {
    pub plant: Plant,
    #[serde(default)]
    pub devices: Vec<DeviceConfig>,
}

/// One site and how its devices are reached.
pub struct ConfiguredSite {
    pub plant: Plant,
    pub devices: Vec<Device>,
}

/// All of it, checked.
pub struct Configured {
    /// At least one, each of its own name.
    pub sites: Vec<ConfiguredSite>,
    pub policy: Policy,
    pub roster: Roster,
    pub rules: Rules,
}

impl Configured {
    pub fn read(settings: &Settings) -> Result<Self> {
        let sites = plant_files(&settings.plant)?;
        let checked = |path: &PathBuf| ConfiguredSite::of(plant_file(path)?).with_context(|| format!("in {}", path.display()));
        let sites = sites.iter().map(checked).collect::<Result<Vec<_>>>()?;
        Self::of(sites, policy(&settings.policy)?, roster(&settings.roster)?, rules(&settings.rules)?)
    }

    pub fn of(sites: Vec<ConfiguredSite>, policy: Policy, roster: Roster, rules: Rules) -> Result<Self> {
        let mut names = BTreeSet::new();
        if let Some(twice) = sites.iter().find(|site| !names.insert(&site.plant.site)) {
            bail!("two plant files describe the site {}; each site has one", twice.plant.site);
        }
        field::check_apart(sites.iter().flat_map(|site| &site.devices))?;
        Ok(Self { sites, policy, roster, rules })
    }
}

impl ConfiguredSite {
    pub fn of(file: PlantFile) -> Result<Self> {
        let plant = file.plant.checked()?;
        let devices = field::check(&file.devices, &plant)?;
        Ok(Self { plant, devices })
    }
}

/// The file itself, or every `.toml` of the folder in the order of their names.
fn plant_files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let entries = fs::read_dir(path).with_context(|| format!("could not list the plant files in {}", path.display()))?;
    let mut files = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    ensure!(!files.is_empty(), "the folder {} holds no plant file; copy config/plant.example.toml into it", path.display());
    Ok(files)
}

pub fn plant_file(path: &Path) -> Result<PlantFile> {
    let text = read(path, "plant file", "copy config/plant.example.toml and describe your machines in it, or try `millwright demo`")?;
    toml::from_str(&text).with_context(|| format!("the plant file {} cannot be used", path.display()))
}

pub fn policy(path: &Path) -> Result<Policy> {
    let text = read(path, "policy", "config/policy.yaml in the sources is an example")?;
    policy_of(&text, &path.display().to_string())
}

/// The policy that a text holds.
pub fn policy_of(text: &str, name: &str) -> Result<Policy> {
    let policy: Policy = serde_saphyr::from_str(text).with_context(|| format!("the policy {name} cannot be used"))?;
    policy.checked().with_context(|| format!("the policy {name} cannot be used"))
}

/// Without a file, nobody is told anything outside.
pub fn roster(path: &Path) -> Result<Roster> {
    if path.as_os_str().is_empty() {
        return Ok(Roster::default());
    }
    let text = read(path, "roster", "config/roster.example.yaml in the sources is an example")?;
    let roster: Roster = serde_saphyr::from_str(&text).with_context(|| format!("the roster {} cannot be used", path.display()))?;
    roster.checked().with_context(|| format!("the roster {} cannot be used", path.display()))
}

/// Every `.yaml` file of the folder, in the order of their names.
pub fn rules(folder: &Path) -> Result<Rules> {
    RuleBook::read(folder).with_context(|| format!("the rules in {} cannot be used", folder.display()))
}

/// One file of rules.
pub fn rule_file(path: &Path) -> Result<Rules> {
    let text = read(path, "rule file", "the files in config/rules are examples")?;
    Ok(Rules::parse(&text, &path.display().to_string())?)
}

/// What `config/rules/` ships, built in, so that a demo needs no files.
pub const SHIPPED_RULES: &[(&str, &str)] = &[
    ("machine.yaml", include_str!("../config/rules/machine.yaml")),
    ("piping.yaml", include_str!("../config/rules/piping.yaml")),
    ("sensors.yaml", include_str!("../config/rules/sensors.yaml")),
];

pub fn shipped_rules() -> Result<Rules> {
    let files = SHIPPED_RULES.iter().map(|(name, text)| Rules::parse(text, name)).collect::<Result<Vec<_>, _>>()?;
    Ok(Rules::new(files.iter().flat_map(Rules::iter).cloned().collect()))
}

fn read(path: &Path, what: &str, advice: &str) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("there is no readable {what} at {}; {advice}", path.display()))
}
