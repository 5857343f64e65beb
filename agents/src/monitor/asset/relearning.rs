//! Learning a machine anew, and taking that back.

use super::AssetWatch;
use crate::monitor::{Finding, settings::MonitorSettings};
use millwright_domain::{Timestamp, baseline::MOST_RESTORABLE, plant::Asset};

impl AssetWatch {
    /// What stood in alarm is over with the normal that it was judged by.
    pub fn relearn(&mut self, at: Timestamp, settings: &MonitorSettings, out: &mut Vec<Finding>) {
        self.clear_all(at, out);
        let mut anew = Self::new(&self.description, settings);
        anew.signals.clone_from(&self.signals);
        for (signal, description) in anew.signals.iter_mut().zip(&self.description.signals) {
            signal.relearn(description);
        }
        anew.suspended = self.suspended;
        anew.former = Some(Box::new(std::mem::replace(self, Self::new(&self.description, settings))));
        if let Some(former) = &mut anew.former {
            former.forget_beyond(MOST_RESTORABLE - 1);
        }
        *self = anew;
    }

    /// Takes the latest relearning back: what was normal before is normal again, from the readings of now.
    pub fn restore(&mut self, at: Timestamp, out: &mut Vec<Finding>) {
        let Some(former) = self.former.take() else { return };
        self.clear_all(at, out);
        let mut restored = *former;
        for (signal, now) in restored.signals.iter_mut().zip(&self.signals) {
            signal.take_over(now);
            out.extend(signal.restored(at).map(|fact| Finding::BaselineLearned { at, fact }));
        }
        restored.row.clone_from(&self.row);
        restored.suspended = self.suspended;
        restored.told.clear();
        (restored.next_minute, restored.next_features, restored.last_row) = (self.next_minute, self.next_features, self.last_row);
        *self = restored;
    }

    /// Whether what was learned of this machine holds for that description: a new name or trip changes nothing of it.
    pub fn fits(&self, asset: &Asset) -> bool {
        let same = |one: &millwright_domain::plant::Signal, other: &millwright_domain::plant::Signal| {
            (&one.id, &one.device, one.kind, one.unit) == (&other.id, &other.device, other.kind, other.unit)
        };
        let (known, described) = (&self.description.signals, &asset.signals);
        self.description.id == asset.id && known.len() == described.len() && known.iter().zip(described).all(|(one, other)| same(one, other))
    }

    /// The same machine by another description that it fits.
    pub fn described_as(self, asset: &Asset) -> Self {
        let former = self.former.map(|former| Box::new(former.described_as(asset)));
        Self { description: asset.clone(), former, ..self }
    }

    fn clear_all(&mut self, at: Timestamp, out: &mut Vec<Finding>) {
        let standing = std::mem::take(&mut self.told);
        out.extend(standing.into_keys().map(|detector| Finding::Cleared { at, asset: self.description.id.clone(), detector }));
    }

    fn forget_beyond(&mut self, most: u32) {
        match (&mut self.former, most) {
            (former, 0) => *former = None,
            (Some(former), most) => former.forget_beyond(most - 1),
            (None, _) => {}
        }
    }
}
