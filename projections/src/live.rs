//! The newest value of every signal, in memory, for rules that need it fresh and for pages that show it live.

use crate::readings::LatestRow;
use millwright_domain::{
    Timestamp,
    action::Observed,
    ids::{SignalId, SiteId},
    ports::live_readings::LiveReadings,
    reading::Scan,
};
use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};
use tokio::sync::watch;

/// Fed with scans in the order of the log.
#[derive(Debug)]
pub struct Live {
    sites: RwLock<HashMap<SiteId, HashMap<SignalId, LatestRow>>>,
    /// Counts observed scans, so that watchers can tell that something is new.
    changes: watch::Sender<u64>,
}

impl Default for Live {
    fn default() -> Self {
        Self { sites: RwLock::default(), changes: watch::Sender::new(0) }
    }
}

impl Live {
    /// Takes a scan in. What was measured before the known value changes nothing.
    pub fn observe(&self, scan: &Scan) {
        self.observe_all(std::slice::from_ref(scan));
    }

    pub fn observe_all<'a>(&self, scans: impl IntoIterator<Item = &'a Scan>) {
        let mut count = 0;
        {
            // A panic elsewhere while the map was locked has left whole values behind, so they may be used.
            let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
            for scan in scans {
                observe(&mut sites, scan);
                count += 1;
            }
        }
        if count > 0 {
            self.changes.send_modify(|seen| *seen += count);
        }
    }

    /// What was known before the log was read: it never takes the place of what was read.
    pub(crate) fn remember(&self, rows: Vec<LatestRow>) {
        let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            sites.entry(row.site.clone()).or_default().entry(row.signal.clone()).or_insert(row);
        }
    }

    /// The newest value, of any quality.
    pub fn newest(&self, site: &SiteId, signal: &SignalId) -> Option<LatestRow> {
        self.sites.read().unwrap_or_else(PoisonError::into_inner).get(site)?.get(signal).cloned()
    }

    /// Changes whenever scans were observed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

fn observe(sites: &mut HashMap<SiteId, HashMap<SignalId, LatestRow>>, scan: &Scan) {
    if !sites.contains_key(&scan.site) {
        sites.insert(scan.site.clone(), HashMap::new());
    }
    let Some(signals) = sites.get_mut(&scan.site) else { return };
    for reading in &scan.readings {
        let at = reading.source_time.unwrap_or(scan.scanned_at);
        let known = signals.get_mut(&reading.signal);
        match known {
            Some(known) if known.at > at => {}
            Some(known) => {
                known.device.clone_from(&scan.device);
                (known.at, known.received_at, known.value, known.quality) = (at, scan.received_at, reading.value(), reading.quality());
            }
            None => {
                signals.insert(reading.signal.clone(), first(scan, reading, at));
            }
        }
    }
}

fn first(scan: &Scan, reading: &millwright_domain::reading::Reading, at: Timestamp) -> LatestRow {
    LatestRow {
        site: scan.site.clone(),
        signal: reading.signal.clone(),
        device: scan.device.clone(),
        at,
        received_at: scan.received_at,
        value: reading.value(),
        quality: reading.quality(),
    }
}

impl LiveReadings for Live {
    fn latest(&self, site: &SiteId, signal: &SignalId) -> Option<Observed> {
        let newest = self.newest(site, signal)?;
        let value = newest.value.filter(|_| newest.quality.is_good())?;
        Some(Observed { signal: newest.signal, value, at: newest.at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::reading::{Quality, Reading};

    fn scan(second: i64, reading: Reading) -> Scan {
        let at = Timestamp::from_secs(second);
        let (site, device) = ("demo".parse().unwrap(), "plc".parse().unwrap());
        Scan { site, device, epoch: 1, scan: 0, scanned_at: at, received_at: at, readings: vec![reading] }
    }
    fn flow() -> SignalId {
        "pump/flow".parse().unwrap()
    }

    #[test]
    fn a_signal_whose_last_value_is_not_good_has_none() {
        let (live, site) = (Live::default(), "demo".parse().unwrap());
        live.observe(&scan(1, Reading::measured(flow(), 5.0)));
        assert_eq!(live.latest(&site, &flow()), Some(Observed { signal: flow(), value: 5.0, at: Timestamp::from_secs(1) }));
        live.observe(&scan(2, Reading::missing(flow(), Quality::BadNoCommunication)));
        assert_eq!(live.latest(&site, &flow()), None);
    }

    #[test]
    fn backlog_never_replaces_a_newer_value() {
        let (live, site) = (Live::default(), "demo".parse().unwrap());
        live.observe(&scan(9, Reading::measured(flow(), 9.0)));
        live.observe(&scan(3, Reading::measured(flow(), 3.0)));
        assert_eq!(live.latest(&site, &flow()).map(|observed| observed.value), Some(9.0));
    }
}
