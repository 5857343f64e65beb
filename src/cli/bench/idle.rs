//! A program of its own with 1,000 signals on 125 devices: its memory, and the time from its start to its first reading.

use super::{Measured, load};
use crate::configured::PlantFile;
use anyhow::{Context, Result, bail};
use millwright_domain::{policy::Policy, quantity::QuantityKind};
use millwright_ingest::device::DeviceConfig;
use serde_json::json;
use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const DEVICES: usize = 125;
const GOAL_MB: f64 = 100.0;
/// Long enough for every worker to have settled.
const SETTLE: Duration = Duration::from_secs(5);

pub async fn measure(folder: &Path) -> Result<Measured> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("a loopback port")?;
    let plc = listener.local_addr()?.to_string();
    tokio::spawn(answer_everything(listener));
    write_configuration(folder, &plc)?;
    let began = Instant::now();
    let mut child = start(folder)?;
    let first = first_reading(folder, &mut child).await;
    let to_first = began.elapsed().as_secs_f64();
    tokio::time::sleep(SETTLE).await;
    let memory = memory_mb(child.id());
    child.kill().context("ending the program")?;
    child.wait().context("ending the program")?;
    first?;
    let memory = memory?;
    Ok(Measured {
        unit: "MB below the goal's 100 (the larger the better)",
        ours: GOAL_MB / memory,
        peer: "1",
        peers: 1.0,
        ratio: None,
        goal: "under 100 MB; first reading in under 1 s",
        more: json!({"memory_mb": memory, "start_to_first_reading_s": to_first, "signals": DEVICES * load::VALUES}),
    })
}

fn write_configuration(folder: &Path, plc: &str) -> Result<()> {
    let plant = load::plant(DEVICES);
    let device = |number: usize| {
        let points: Vec<serde_json::Value> = plant
            .assets
            .get(number)
            .map(|asset| &asset.signals)
            .into_iter()
            .flatten()
            .zip(0..)
            .map(|(signal, place)| json!({"signal": signal.id, "address": format!("hr:{}", place * 2), "type": "f32"}))
            .collect();
        let config = json!({"protocol": "modbus_tcp", "id": load::device(number), "address": plc, "points": points});
        serde_json::from_value::<DeviceConfig>(config)
    };
    let devices = (0..DEVICES).map(device).collect::<Result<Vec<_>, _>>()?;
    debug_assert!(plant.signals().all(|(_, signal)| signal.kind != QuantityKind::SpeedSetpoint));
    fs::write(folder.join("plant.toml"), toml::to_string(&PlantFile { plant, devices })?)?;
    write_policy_and_rules(folder)?;
    let settings = "data = \"data\"\nplant = \"plant.toml\"\npolicy = \"policy.yaml\"\nrules = \"rules\"\n[http]\nlisten = \"127.0.0.1:0\"\n[logging]\nlevel = \"warn\"\n";
    fs::write(folder.join("millwright.toml"), settings)?;
    Ok(())
}

/// What a program needs besides its plant.
pub fn write_policy_and_rules(folder: &Path) -> Result<()> {
    fs::write(folder.join("policy.yaml"), serde_json::to_string(&Policy::default())?)?;
    fs::create_dir_all(folder.join("rules"))?;
    for (name, text) in crate::configured::SHIPPED_RULES {
        fs::write(folder.join("rules").join(name), text)?;
    }
    Ok(())
}

fn start(folder: &Path) -> Result<Child> {
    let program = std::env::current_exe().context("which program this is")?;
    let mut command = Command::new(program);
    command.arg("run").current_dir(folder).stdout(Stdio::null()).stderr(Stdio::inherit());
    command.spawn().context("starting the program")
}

/// Looks at the log beside the running program until a reading is durable.
async fn first_reading(folder: &Path, child: &mut Child) -> Result<()> {
    use millwright_domain::{ports::event_log::EventLog, position::PartitionId};
    let limit = Instant::now() + Duration::from_secs(30);
    let mut log = None;
    while Instant::now() < limit {
        if let Some(status) = child.try_wait()? {
            bail!("the program ended early: {status}");
        }
        if log.is_none() {
            log = millwright_infra::log::embedded::EmbeddedLog::open_read_only(folder.join("data/log")).ok();
        }
        if let Some(log) = &log
            && log.head().await.is_ok_and(|head| head.next(&PartitionId::readings(0)) > 0)
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    bail!("no reading within 30 s")
}

fn memory_mb(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the program's memory")?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().split(' ').next()?.parse::<f64>().ok());
    Ok(kilobytes.context("the kernel tells no VmRSS")? / 1_024.0)
}

/// A Modbus TCP device whose every register holds the first half of 50.0: enough to be polled.
async fn answer_everything(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            if let Err(error) = answer(stream).await {
                tracing::debug!(%error, "a poller went away");
            }
        });
    }
}

async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = [0u8; 12];
    loop {
        stream.read_exact(&mut request).await?;
        let count = u16::from_be_bytes([request[10], request[11]]);
        let bytes = count * 2;
        let mut reply = Vec::with_capacity(9 + usize::from(bytes));
        reply.extend_from_slice(&request[0..4]);
        reply.extend_from_slice(&(bytes + 3).to_be_bytes());
        reply.extend_from_slice(&[request[6], request[7], bytes as u8]);
        reply.extend(std::iter::repeat_n([0x42u8, 0x48], usize::from(count)).flatten());
        stream.write_all(&reply).await?;
    }
}
