//! Every setting: defaults, then `millwright.toml`, then `MILLWRIGHT_…` variables, then flags. An unknown key is refused by name.

mod access;
mod audit;
mod inspection;
mod mqtt;
mod plant_edition;
mod shown;
mod telemetry;

use anyhow::{Context, Result};
use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use millwright_agents::{monitor::MonitorSettings, recovery::RecoverySettings, watch::WatchSettings};
use millwright_domain::budget::BudgetSet;
use millwright_infra::{
    boards::BoardSettings, inbound::InboundSettings, messengers::MessageSettings, models::ModelSettings, outward::OutwardSettings,
    tickets::TicketSettings,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

pub use access::{Access, Http, Mode};
pub use audit::Audit;
pub use inspection::Inspection;
pub use mqtt::Mqtt;
use plant_edition::secret;
pub use plant_edition::{Cluster, Engine, Kafka, Projections, StoreForward};
pub use shown::{Origins, shown};
pub use telemetry::Telemetry;

/// The file that is read from the working folder if none is named.
pub const FILE: &str = "millwright.toml";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Log, projections, keys and checkpoints live here.
    pub data: PathBuf,
    /// A folder with one key a person; empty for `keys` in the data folder.
    pub keys: PathBuf,
    /// The plant: assets, signals, devices. A file, or a folder with one file a site.
    pub plant: PathBuf,
    /// Which actions run by themselves, ask, or never run.
    pub policy: PathBuf,
    /// Who is told what, and how; empty for nobody outside.
    pub roster: PathBuf,
    /// A folder of diagnosis rules.
    pub rules: PathBuf,
    /// What to look at first, by cause; the lists that go with the program where there is no such file.
    pub checklists: PathBuf,
    /// Which figures of agents a person is told of; the rules that go with the program where there is no such file.
    pub agent_rules: PathBuf,
    /// Without sign-in the one local operator; with it the first admin.
    pub operator: String,
    pub http: Http,
    pub access: Access,
    pub logging: Logging,
    pub telemetry: Telemetry,
    pub log: Log,
    pub audit: Audit,
    pub inspection: Inspection,
    pub kafka: Kafka,
    pub projections: Projections,
    pub cluster: Cluster,
    pub store_forward: StoreForward,
    pub mqtt: Mqtt,
    pub outward: OutwardSettings,
    pub tickets: TicketSettings,
    /// Boards of tasks, by the names of their sites.
    pub boards: BTreeMap<String, BoardSettings>,
    pub messages: MessageSettings,
    pub inbound: InboundSettings,
    pub budget: Budget,
    pub models: ModelSettings,
    pub monitor: MonitorSettings,
    pub recovery: RecoverySettings,
    /// Where each of them comes from.
    #[serde(skip)]
    pub origins: Origins,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Logging {
    /// `error`, `warn`, `info`, `debug`, or a filter like `info,millwright_ingest=debug`.
    pub level: String,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    Text,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    pub engine: Engine,
    /// So many of the newest days of readings are kept; 0 keeps all. The ledger is kept for ever.
    pub readings_retention_days: u32,
    /// Devices are spread over so many partitions of the embedded log.
    pub readings_partitions: u32,
    /// How often the readings since the last seal are sealed on the ledger, in seconds.
    pub seal_every_s: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// What agents may spend on language models.
    pub tokens_per_hour: u64,
    pub tokens_per_day: u64,
    /// 0: no limit a month.
    pub tokens_per_month: u64,
    /// The share of each limit that ordinary calls leave to critical cases, in percent.
    pub kept_for_critical_percent: u8,
}

impl Budget {
    pub fn limits(&self) -> BudgetSet {
        let tokens_per_month = (self.tokens_per_month > 0).then_some(self.tokens_per_month);
        BudgetSet { tokens_per_month, ..BudgetSet::of(self.tokens_per_hour, self.tokens_per_day).keeping(self.kept_for_critical_percent) }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: "data".into(),
            keys: PathBuf::new(),
            plant: "plant.toml".into(),
            policy: "config/policy.yaml".into(),
            roster: PathBuf::new(),
            rules: "config/rules".into(),
            checklists: "config/checklists.yaml".into(),
            agent_rules: "config/agent_rules.yaml".into(),
            operator: "local-operator".into(),
            http: Http::default(),
            access: Access::default(),
            logging: Logging::default(),
            telemetry: Telemetry::default(),
            log: Log::default(),
            audit: Audit::default(),
            inspection: Inspection::default(),
            kafka: Kafka::default(),
            projections: Projections::default(),
            cluster: Cluster::default(),
            store_forward: StoreForward::default(),
            mqtt: Mqtt::default(),
            outward: OutwardSettings::default(),
            tickets: TicketSettings::default(),
            boards: BTreeMap::new(),
            messages: MessageSettings::default(),
            inbound: InboundSettings::default(),
            budget: Budget::default(),
            models: ModelSettings::default(),
            monitor: MonitorSettings::default(),
            recovery: RecoverySettings::default(),
            origins: Origins::default(),
        }
    }
}
impl Default for Logging {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Json }
    }
}
impl Default for Log {
    fn default() -> Self {
        Self { engine: Engine::Embedded, readings_retention_days: 90, readings_partitions: 1, seal_every_s: 3_600 }
    }
}
impl Default for Budget {
    fn default() -> Self {
        Self { tokens_per_hour: 10_000, tokens_per_day: 50_000, tokens_per_month: 0, kept_for_critical_percent: 15 }
    }
}

impl Settings {
    /// Variables are spelled `MILLWRIGHT_HTTP__LISTEN`: two underscores for a dot.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let in_file = match file {
            Some(named) => Figment::from(Toml::file_exact(named)),
            None => Figment::from(Toml::file(FILE)),
        };
        let variables = Figment::from(Env::prefixed("MILLWRIGHT_").ignore(NOT_SETTINGS).split("__"));
        let layers = Figment::from(Serialized::defaults(Self::default())).merge(&in_file).merge(&variables);
        // Figment names a profile before each key; there is only one, which nobody has written.
        let plain = |cause: figment::Error| anyhow::anyhow!(cause.to_string().replace("for key \"default.", "for key \""));
        let mut settings: Self =
            layers.extract().map_err(plain).context("the settings cannot be used; millwright.toml in the sources lists every key")?;
        let of = |layer: &Figment| layer.extract().unwrap_or_else(|_empty| toml::Value::Table(toml::Table::new()));
        settings.origins = Origins::of(&of(&in_file), &of(&variables), &settings);
        settings.checked()
    }

    /// The folder of keys: beside the log's folder, never in it, because a backup of the log must not hold the keys.
    pub fn key_folder(&self) -> PathBuf {
        if self.keys.as_os_str().is_empty() { self.data.join("keys") } else { self.keys.clone() }
    }

    /// What the monitor of a site goes by.
    pub fn watch(&self) -> WatchSettings {
        WatchSettings { monitor: self.monitor, recovery: self.recovery, ..WatchSettings::default() }
    }

    /// Whoever changes settings after loading them, flags included, has to ask again.
    pub fn checked(self) -> Result<Self> {
        access::checked(&self)?;
        if self.log.readings_partitions == 0 {
            anyhow::bail!("log.readings_partitions must be at least 1");
        }
        self.kafka.checked()?;
        self.audit.checked()?;
        self.inspection.checked()?;
        self.mqtt.checked()?;
        self.telemetry.checked()?;
        Ok(self)
    }
}

/// Variables that steer tests and tools, not the program.
const NOT_SETTINGS: &[&str] =
    &["shared", "python", "url", "artefacts", "chromium", "case_within_ms", "test_kafka", "test_postgres", "child", "token"];

#[cfg(test)]
mod tests {
    use super::*;

    /// `# key = value` lines are defaults; `#` lines with other words are explanations.
    fn uncommented(text: &str) -> String {
        let setting =
            |line: &str| line.strip_prefix("# ").filter(|rest| rest.split_once(" = ").is_some_and(|(key, _)| is_key(key))).map(str::to_string);
        text.lines().map(|line| setting(line).unwrap_or_else(|| line.to_string())).collect::<Vec<_>>().join("\n")
    }
    fn is_key(text: &str) -> bool {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    }

    #[test]
    fn the_sample_file_shows_every_setting_with_its_default() {
        let sample = include_str!("../../millwright.toml");
        let shown: toml::Value = toml::from_str(&uncommented(sample)).unwrap();
        let defaults = toml::Value::try_from(Settings::default()).unwrap();
        assert_eq!(shown, defaults, "millwright.toml and the code disagree");
        let untouched: Settings = toml::from_str(sample).unwrap();
        assert_eq!(untouched, Settings::default());
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m.toml");
        std::fs::write(&file, "[http]\nlisten_on = \"127.0.0.1:1\"\n").unwrap();
        let refused = format!("{:#}", Settings::load(Some(&file)).unwrap_err());
        assert!(refused.contains("\"http.listen_on\"") && refused.contains("`listen`"), "{refused}");
    }

    #[test]
    fn nobody_outside_can_reach_a_program_without_access_control() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m.toml");
        std::fs::write(&file, "[http]\nlisten = \"0.0.0.0:7410\"\n").unwrap();
        assert!(Settings::load(Some(&file)).is_err());
    }
}
