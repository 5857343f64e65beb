//! Folding scans into latest values and rollups, in memory; what changed is written out with the position, now and then.

use super::{
    bucket::{Bucket, Period},
    extents::Extents,
    query,
    sketch::place,
    tables::{DeviceRow, LatestRow, ROLLUPS, device_key, latest_key, slot},
};
use crate::{
    db::{Ask, Conn},
    shelf::{Shelved, whole},
    table::{Value, Writes},
};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    ids::{DeviceId, SignalId, SiteId},
    position::PartitionId,
    reading::{LastScan, Reading, Scan},
};
use std::collections::{BTreeMap, HashMap};

/// Memory of the fold. Signals have numbers, so that a value finds its buckets without hashing its name.
#[derive(Default)]
pub(crate) struct ReadingsFold {
    devices: HashMap<(SiteId, DeviceId), Device>,
    numbers: HashMap<(SiteId, SignalId), usize>,
    signals: Vec<Signal>,
    extents: HashMap<PartitionId, Extents>,
}

struct Device {
    partition: PartitionId,
    last: LastScan,
    dirty: bool,
    /// Signal and its number at each place of the last scan: the next scan nearly always has the same.
    order: Vec<(SignalId, usize)>,
}

struct Signal {
    site: SiteId,
    id: SignalId,
    latest: Option<LatestRow>,
    latest_dirty: bool,
    /// Nothing of this signal was ever measured later: buckets behind it need no looking up.
    newest: Timestamp,
    buckets: [BTreeMap<Timestamp, Open>; 3],
}

#[derive(Default)]
struct Open {
    bucket: Bucket,
    dirty: bool,
}

fn time_of(reading: &Reading, scan: &Scan) -> Timestamp {
    reading.source_time.unwrap_or(scan.scanned_at)
}

/// The scan's own time, and those of readings that the source measured in another minute: each is where somebody will look for it.
fn times_of(scan: &Scan) -> impl Iterator<Item = Timestamp> {
    let elsewhere = |at: &Timestamp| at.floor_to(60) != scan.scanned_at.floor_to(60);
    std::iter::once(scan.scanned_at).chain(scan.readings.iter().filter_map(|reading| reading.source_time).filter(elsewhere))
}

impl ReadingsFold {
    /// Brings in what folding this scan will change and is not in memory. To be called right before its `fold`.
    pub async fn recall(&mut self, partition: &PartitionId, scan: &Scan, db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        self.recall_device(partition, scan, db).await?;
        for (at_place, reading) in scan.readings.iter().enumerate() {
            let number = self.recall_signal(scan, at_place, reading, db).await?;
            if let Some(signal) = self.signals.get_mut(number) {
                signal.recall_buckets(time_of(reading, scan), db).await?;
            }
        }
        let extents = self.extents.entry(partition.clone()).or_default();
        for at in times_of(scan) {
            extents.recall(partition, at, db).await?;
        }
        Ok(())
    }

    /// Takes one scan in. False for what was seen before, or comes from a device's former owner.
    pub fn fold(&mut self, partition: &PartitionId, seq: u64, scan: &Scan) -> bool {
        let Some(device) = self.devices.get_mut(&(scan.site.clone(), scan.device.clone())) else { return false };
        if !device.last.admits(scan) {
            return false;
        }
        device.dirty = true;
        for (reading, (_, number)) in scan.readings.iter().zip(&device.order) {
            if let Some(signal) = self.signals.get_mut(*number) {
                signal.fold(reading, scan);
            }
        }
        let extents = self.extents.entry(partition.clone()).or_default();
        times_of(scan).for_each(|at| extents.add(at, seq));
        true
    }

    /// The changed rows, to be written; closed buckets leave memory.
    pub fn drain(&mut self, writes: &mut Writes) {
        let mut devices = Vec::new();
        for ((site, id), device) in self.devices.iter_mut().filter(|(_, device)| device.dirty) {
            let row = DeviceRow { site: site.clone(), device: id.clone(), partition: device.partition.clone(), last: device.last };
            devices.push(whole(&row.key(), &row));
            device.dirty = false;
        }
        let (mut latest, mut rollups) = (Vec::new(), Vec::new());
        for signal in &mut self.signals {
            signal.drain(&mut latest, &mut rollups);
        }
        writes.upsert(DeviceRow::TABLE, devices);
        writes.upsert(LatestRow::TABLE, latest);
        writes.upsert(&ROLLUPS, rollups);
        for (partition, extents) in &mut self.extents {
            extents.drain(partition, writes);
        }
    }

    async fn recall_device(&mut self, partition: &PartitionId, scan: &Scan, db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        let key = (scan.site.clone(), scan.device.clone());
        if let Some(device) = self.devices.get_mut(&key) {
            device.partition.clone_from(partition);
            return Ok(());
        }
        let known: Option<DeviceRow> = recall_row(&device_key(&scan.site, &scan.device), db).await?;
        let last = known.map(|row| row.last).unwrap_or_default();
        self.devices.insert(key, Device { partition: partition.clone(), last, dirty: false, order: vec![] });
        Ok(())
    }

    /// The number of a scan's signal, remembered by its place in the scan.
    async fn recall_signal(&mut self, scan: &Scan, at_place: usize, reading: &Reading, db: &mut Conn<'_>) -> Result<usize, sqlx::Error> {
        let device = self.devices.get(&(scan.site.clone(), scan.device.clone()));
        if let Some((signal, number)) = device.and_then(|device| device.order.get(at_place))
            && *signal == reading.signal
        {
            return Ok(*number);
        }
        let key = (scan.site.clone(), reading.signal.clone());
        let number = match self.numbers.get(&key) {
            Some(number) => *number,
            None => {
                let latest: Option<LatestRow> = recall_row(&latest_key(&scan.site, &reading.signal), db).await?;
                self.signals.push(Signal::new(scan.site.clone(), reading.signal.clone(), latest));
                self.numbers.insert(key, self.signals.len() - 1);
                self.signals.len() - 1
            }
        };
        if let Some(device) = self.devices.get_mut(&(scan.site.clone(), scan.device.clone())) {
            device.order.truncate(at_place);
            device.order.push((reading.signal.clone(), number));
        }
        Ok(number)
    }
}

impl Signal {
    fn new(site: SiteId, id: SignalId, latest: Option<LatestRow>) -> Self {
        let newest = latest.as_ref().map_or(Timestamp::from_micros(i64::MIN), |row| row.at);
        Self { site, id, latest, latest_dirty: false, newest, buckets: Default::default() }
    }

    fn fold(&mut self, reading: &Reading, scan: &Scan) {
        let at = time_of(reading, scan);
        let good = reading.good().map(|value| (value, place(value)));
        for (period, buckets) in Period::ALL.iter().zip(&mut self.buckets) {
            let open = buckets.entry(slot(*period, at)).or_default();
            match good {
                Some((value, place)) => open.bucket.add(value, place),
                None => open.bucket.add_not_good(),
            }
            open.dirty = true;
        }
        if at >= self.newest {
            self.newest = at;
            self.latest = Some(LatestRow {
                site: self.site.clone(),
                signal: self.id.clone(),
                device: scan.device.clone(),
                at,
                received_at: scan.received_at,
                value: reading.value(),
                quality: reading.quality(),
            });
            self.latest_dirty = true;
        }
    }

    /// A bucket that is neither in memory nor newer than all there was may have been written already.
    async fn recall_buckets(&mut self, at: Timestamp, db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        for (period, buckets) in Period::ALL.iter().zip(&mut self.buckets) {
            let slot_at = slot(*period, at);
            if slot_at > self.newest || buckets.contains_key(&slot_at) {
                continue;
            }
            let bucket = query::bucket(&self.site, &self.id, *period, slot_at, db).await?;
            buckets.insert(slot_at, Open { bucket: bucket.unwrap_or_default(), dirty: false });
        }
        Ok(())
    }

    fn drain(&mut self, latest: &mut Vec<Vec<Value>>, rollups: &mut Vec<Vec<Value>>) {
        if let Some(row) = self.latest.as_ref().filter(|_| self.latest_dirty) {
            latest.push(whole(&row.key(), row));
            self.latest_dirty = false;
        }
        for (period, buckets) in Period::ALL.iter().zip(&mut self.buckets) {
            for (at, open) in buckets.iter_mut().filter(|(_, open)| open.dirty) {
                rollups.push(rollup_row(&self.site, &self.id, *period, *at, &open.bucket));
                open.dirty = false;
            }
            // One period more than the newest stays: scans of several devices and poll classes overlap a little.
            let oldest = slot(*period, self.newest) - TimeDelta::seconds(period.seconds());
            buckets.retain(|at, _| *at >= oldest);
        }
    }
}

fn rollup_row(site: &SiteId, signal: &SignalId, period: Period, at: Timestamp, bucket: &Bucket) -> Vec<Value> {
    let some = bucket.count > 0;
    let figure = |value: f64| if some { Value::Real(value) } else { Value::Null };
    vec![
        Value::text(site),
        Value::text(signal),
        Value::Whole(period.seconds()),
        Value::Time(at),
        Value::count(bucket.count),
        Value::count(bucket.not_good),
        figure(bucket.mean),
        figure(bucket.std()),
        figure(bucket.min),
        figure(bucket.max),
        Value::maybe(bucket.quantile(0.95), Value::Real),
        Value::maybe(bucket.quantile(0.99), Value::Real),
        Value::Bytes(bucket.state()),
    ]
}

async fn recall_row<R: Shelved>(key: &str, db: &mut Conn<'_>) -> Result<Option<R>, sqlx::Error> {
    Ask::new(format!("SELECT doc FROM {} WHERE key = $1", R::TABLE.name)).bind(Value::text(key)).doc(db).await
}
