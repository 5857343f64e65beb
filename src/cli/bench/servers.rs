//! The servers that a bench works with: ones that are named, or ones of the bench's own, begun by the scripts of the source tree.

use crate::{
    app::log::kafka_options,
    settings::{Engine, Settings},
};
use anyhow::{Context, Result, bail, ensure};
use millwright_infra::log::kafka::{KafkaOptions, topics};
use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use uuid::Uuid;

/// What stands for a server of the bench's own.
pub const AUTO: &str = "auto";

/// A file of the source tree that this program is run in, or was built in.
pub fn in_source_tree(file: &str) -> Option<PathBuf> {
    let places = [env::current_dir(), env::current_exe()];
    let trees = places.iter().flatten().flat_map(|place| place.ancestors());
    trees.filter(|folder| folder.join("scripts/kafka.sh").is_file()).map(|tree| tree.join(file)).find(|path| path.exists())
}

/// The address of a broker; `auto` begins one that ends with this program.
pub async fn kafka(named: &str, folder: &Path) -> Result<String> {
    match named {
        AUTO => up("scripts/kafka.sh", folder.join("kafka"), "name a broker with --kafka HOST:PORT").await,
        bootstrap => Ok(bootstrap.to_owned()),
    }
}

/// The URL of a database, in which the peer makes its tables; `auto` begins one that ends with this program.
pub async fn postgres(named: &str, folder: &Path) -> Result<String> {
    match named {
        // Postgres runs as a user of its own, who cannot get into our folder.
        AUTO => {
            let name = folder.file_name().context("the folder has no name")?.to_string_lossy().into_owned();
            up("scripts/postgres.sh", folder.with_file_name(format!("{name}-postgres")), "name a database with --postgres URL").await
        }
        url => Ok(url.to_owned()),
    }
}

async fn up(script: &str, folder: PathBuf, otherwise: &str) -> Result<String> {
    let Some(path) = in_source_tree(script) else { bail!("there is no {script} here to start a server with; {otherwise}") };
    let mut command = Command::new(path);
    command.arg("up").arg(folder).args(["--parent", &std::process::id().to_string()]).stdin(Stdio::null()).stderr(Stdio::inherit());
    // As a broker of a plant is run: compiled well, with room.
    command.env("MILLWRIGHT_KAFKA_TIER", "4").env("MILLWRIGHT_KAFKA_HEAP", "1g");
    let output = tokio::task::spawn_blocking(move || command.output()).await?.with_context(|| format!("{script} could not be run"))?;
    ensure!(output.status.success(), "{script} started no server; {otherwise}");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Topics of a bench's own on a broker.
pub struct Topics {
    /// As a program has them that works with these topics.
    pub settings: Settings,
    pub options: KafkaOptions,
}

impl Topics {
    pub async fn make(settings: &Settings, bootstrap: &str, folder: &Path) -> Result<Self> {
        let mut settings = Settings { data: folder.to_path_buf(), ..settings.clone() };
        settings.log.engine = Engine::Kafka;
        settings.kafka.bootstrap = bootstrap.to_owned();
        settings.kafka.prefix = format!("bench-{}", Uuid::new_v4().simple());
        let options = kafka_options(&settings).await?;
        topics::init(&options).await?;
        Ok(Self { settings, options })
    }

    /// A broker that was named keeps nothing of us.
    pub async fn remove(self) -> Result<()> {
        topics::remove(&self.options).await.context("the bench's topics are left behind")
    }
}
