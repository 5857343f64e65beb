//! `millwright check`: is the configuration usable, and what does each address mean? With `--connect`: does every device answer, and what?

use crate::{configured::Configured, settings::Settings};
use anyhow::{Context, Result, bail};
use clap::Args;
use millwright_agents::cast::checklists::Checklists;
use millwright_domain::ids::DeviceId;
use millwright_ingest::{
    collect::probe::{Probed, probe_device},
    device::Device,
};
use std::{fmt::Write as _, process::ExitCode};
use tokio::task::JoinHandle;

#[derive(Debug, Args)]
pub struct Check {
    /// Try every device: ask for each point, and show its value.
    #[arg(long)]
    connect: bool,
    /// Only this device.
    #[arg(long, value_name = "ID")]
    device: Option<DeviceId>,
    /// What goes without saying now; kept for scripts that say it.
    #[arg(long, hide = true, conflicts_with = "connect")]
    offline: bool,
}

impl Check {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let configured = Configured::read(&settings)?;
        // Read at the start, too: what cannot be used stops it there.
        Checklists::read(&settings.checklists).with_context(|| format!("in {}", settings.checklists.display()))?;
        let signals: usize = configured.sites.iter().map(|site| site.plant.signals().count()).sum();
        println!("settings, plant, policy, rules and checklists can be used: {signals} signals, {} rules", configured.rules.len());
        let devices: Vec<Device> = configured.sites.into_iter().flat_map(|site| site.devices).filter(|device| self.means(device)).collect();
        if let (Some(wanted), true) = (&self.device, devices.is_empty()) {
            bail!("no plant file has a device {wanted}; leave --device out to see those that there are");
        }
        if !self.connect {
            devices.iter().for_each(|device| print!("{}", addresses(device)));
            println!("\n{}; nothing was asked of them, `millwright check --connect` does that", counted(devices.len(), "device"));
            return Ok(ExitCode::SUCCESS);
        }
        try_all(devices).await
    }

    fn means(&self, device: &Device) -> bool {
        self.device.as_ref().is_none_or(|wanted| wanted == device.id())
    }
}

fn addresses(device: &Device) -> String {
    let line = |(signal, address)| format!("  {signal:<36} {address}\n");
    format!("\n{}\n{}", headline(device), device.addresses().map(line).collect::<String>())
}

fn headline(device: &Device) -> String {
    format!("{} at {}", device.id(), device.address())
}

/// All at once, as a dead one takes its time; shown one after the other.
async fn try_all(devices: Vec<Device>) -> Result<ExitCode> {
    let tried: Vec<(String, JoinHandle<Vec<Probed>>)> =
        devices.into_iter().map(|device| (headline(&device), tokio::spawn(async move { probe_device(&device).await }))).collect();
    let (devices, mut points, mut good, mut silent) = (tried.len(), 0, 0, 0);
    for (headline, probing) in tried {
        let probed = probing.await?;
        print!("{}", shown(&headline, &probed));
        let values = probed.iter().filter(|point| point.value.is_ok()).count();
        points += probed.len();
        good += values;
        silent += usize::from(values == 0);
    }
    let verdict = match silent {
        0 => String::new(),
        _ => format!("; {} gave nothing", counted(silent, "device")),
    };
    println!("\n{good} of {} have a value, on {}{verdict}", counted(points, "point"), counted(devices, "device"));
    Ok(if silent == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A reason that all points share stands once, under the device.
fn shown(headline: &str, probed: &[Probed]) -> String {
    let mut text = format!("\n{headline}\n");
    let shared = match probed {
        [Probed { value: Err(first), .. }, rest @ ..] if rest.iter().all(|point| point.value.as_ref() == Err(first)) => Some(first),
        _ => None,
    };
    if let Some(why) = shared {
        // Writing to a text cannot fail.
        writeln!(text, "  NO VALUE of any of its {}: {why}", counted(probed.len(), "point")).unwrap_or_default();
        return text;
    }
    probed.iter().for_each(|point| writeln!(text, "{}", line(point)).unwrap_or_default());
    text
}

/// The value as configured, and as every byte order would have it: a wrong order shows at a glance.
fn line(point: &Probed) -> String {
    let text = point.text.as_ref().map_or_else(String::new, |text| format!("   (the text {text:?})"));
    let value = match &point.value {
        Ok(value) => short(*value),
        Err(why) => format!("NO VALUE: {why}"),
    };
    let others: Vec<String> = point.others.iter().map(|(order, value)| format!("{order} {}", short(*value))).collect();
    let others = if others.is_empty() { String::new() } else { format!("   (in other byte orders: {})", others.join(", ")) };
    format!("  {:<36} {:<28} {value}{text}{others}", point.signal, point.address)
}

/// Plain where people read it at a glance, scientific where the digits would run away.
fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (0.001..1e7).contains(&size) {
        let fixed = format!("{value:.3}");
        return fixed.trim_end_matches('0').trim_end_matches('.').to_string();
    }
    format!("{value:.3e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probed(name: &str, value: Result<f64, String>, text: Option<&str>) -> Probed {
        let (text, others) = (text.map(Into::into), vec![]);
        Probed { signal: name.parse().unwrap(), address: "1!holding:0:f32".into(), value, text, others }
    }

    #[test]
    fn values_are_shown_as_people_read_them() {
        let shown = [1480.0, 70.320_000_000_000_01, 0.0, -3.5e-9, 2.5e30].map(short);
        assert_eq!(shown, ["1480", "70.32", "0", "-3.500e-9", "2.500e30"]);
    }

    #[test]
    fn what_is_wrong_with_all_points_is_said_once_and_else_at_its_own() {
        let gone = || Err("cannot connect".to_string());
        let all = shown("plc", &[probed("p/a", gone(), None), probed("p/b", gone(), None)]);
        assert_eq!(all, "\nplc\n  NO VALUE of any of its 2 points: cannot connect\n");
        let one = shown("plc", &[probed("p/a", Ok(1.0), Some("RUN")), probed("p/b", gone(), None)]);
        assert!(one.contains("(the text \"RUN\")") && one.contains("NO VALUE: cannot connect"), "{one}");
    }
}
