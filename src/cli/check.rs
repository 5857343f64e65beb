//! `millwright check`: is the configuration usable, does every device answer, and what does each address mean?

use crate::{configured::Configured, settings::Settings};
use anyhow::Result;
use clap::Args;
use millwright_ingest::{
    collect::probe::{Probed, probe_device},
    device::Device,
};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct Check {
    /// Only read the configuration; leave the devices alone.
    #[arg(long)]
    offline: bool,
}

impl Check {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let configured = Configured::read(&settings)?;
        let signals: usize = configured.sites.iter().map(|site| site.plant.signals().count()).sum();
        println!("settings, plant, policy and rules can be used: {signals} signals, {} rules", configured.rules.len());
        let mut unreachable = 0;
        for device in configured.sites.iter().flat_map(|site| &site.devices) {
            if self.offline {
                addresses(device);
            } else {
                unreachable += usize::from(!probe(device).await);
            }
        }
        Ok(if unreachable == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn addresses(device: &Device) {
    println!("\n{}", device.id());
    device.addresses().for_each(|(signal, address)| println!("  {signal:<36} {address}"));
}

/// Whether the device answered for any of its points.
async fn probe(device: &Device) -> bool {
    println!("\n{}", device.id());
    let probed = probe_device(device).await;
    probed.iter().for_each(|point| println!("{}", line(point)));
    probed.iter().any(|point| point.value.is_ok())
}

/// The value as configured, and as every byte order would have it: a wrong order shows at a glance.
fn line(point: &Probed) -> String {
    let text = point.text.as_ref().map_or_else(String::new, |text| format!(" ({text:?})"));
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
    use super::short;

    #[test]
    fn values_are_shown_as_people_read_them() {
        let shown = [1480.0, 70.320_000_000_000_01, 0.0, -3.5e-9, 2.5e30].map(short);
        assert_eq!(shown, ["1480", "70.32", "0", "-3.500e-9", "2.500e30"]);
    }
}
