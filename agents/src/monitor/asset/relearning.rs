//! Learning a machine anew, and taking that back.

use super::AssetWatch;
use crate::monitor::settings::MonitorSettings;

/// Relearnings that can be taken back one after another.
const MOST_FORMER: usize = 2;

impl AssetWatch {
    pub fn relearn(&mut self, settings: &MonitorSettings) {
        let mut anew = Self::new(&self.description, settings);
        anew.signals.clone_from(&self.signals);
        for (signal, description) in anew.signals.iter_mut().zip(&self.description.signals) {
            signal.relearn(description);
        }
        anew.suspended = self.suspended;
        anew.former = Some(Box::new(std::mem::replace(self, Self::new(&self.description, settings))));
        if let Some(former) = &mut anew.former {
            former.forget_beyond(MOST_FORMER);
        }
        *self = anew;
    }

    /// Takes the latest relearning back: what was normal before is normal again, from the readings of now.
    pub fn restore(&mut self) {
        let Some(former) = self.former.take() else { return };
        let mut restored = *former;
        for (signal, now) in restored.signals.iter_mut().zip(&self.signals) {
            signal.take_over(now);
        }
        restored.row.clone_from(&self.row);
        restored.suspended = self.suspended;
        (restored.next_minute, restored.next_features, restored.last_row) = (self.next_minute, self.next_features, self.last_row);
        *self = restored;
    }

    fn forget_beyond(&mut self, most: usize) {
        match (&mut self.former, most) {
            (former, 0) => *former = None,
            (Some(former), most) => former.forget_beyond(most - 1),
            (None, _) => {}
        }
    }
}
