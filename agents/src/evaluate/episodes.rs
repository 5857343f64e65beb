//! The view that counts in a plant: which events were found, how soon, and how many false episodes an hour of normal running cost.

use serde::Serialize;

/// One row as the event view needs it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Seconds, on the recording's clock.
    pub at: f64,
    pub alarm: bool,
    pub anomalous: bool,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct EventCounts {
    pub events: u32,
    pub found: u32,
    /// Alarm episodes that touch no event.
    pub false_episodes: u32,
    pub normal_hours: f64,
    /// Seconds from an event's start to the first row in alarm, of the events found.
    delays: Vec<f64>,
}

impl EventCounts {
    pub fn add(&mut self, moments: &[Moment]) {
        let events = runs(moments, |moment| moment.anomalous);
        let episodes = runs(moments, |moment| moment.alarm);
        self.events += events.len() as u32;
        for event in &events {
            let Some(first) = event.iter().find(|moment| moment.alarm) else { continue };
            self.found += 1;
            self.delays.push(event.first().map_or(0.0, |start| first.at - start.at));
        }
        self.false_episodes += episodes.iter().filter(|episode| !episode.iter().any(|moment| moment.anomalous)).count() as u32;
        // A row stands for the time up to the next; a gap of minutes is no running.
        let spans = moments.windows(2).filter(|pair| !pair[0].anomalous).map(|pair| (pair[1].at - pair[0].at).clamp(0.0, 60.0));
        self.normal_hours += spans.sum::<f64>() / 3_600.0;
    }

    pub fn median_delay_s(&self) -> Option<f64> {
        let mut delays = self.delays.clone();
        delays.sort_by(f64::total_cmp);
        delays.get(delays.len() / 2).copied()
    }

    pub fn false_episodes_per_hour(&self) -> f64 {
        if self.normal_hours > 0.0 { f64::from(self.false_episodes) / self.normal_hours } else { 0.0 }
    }
}

/// The unbroken stretches where `holds`.
fn runs(moments: &[Moment], holds: impl Fn(&Moment) -> bool) -> Vec<&[Moment]> {
    moments.chunk_by(|one, next| holds(one) == holds(next)).filter(|run| run.first().is_some_and(&holds)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `.` normal, `a` alarm, `x` anomalous, `X` both; one a second.
    fn moments(text: &str) -> Vec<Moment> {
        let moment = |(at, sign): (usize, char)| Moment { at: at as f64, alarm: "aX".contains(sign), anomalous: "xX".contains(sign) };
        text.chars().enumerate().map(moment).collect()
    }

    #[test]
    fn an_event_is_found_by_its_first_alarm_and_an_episode_of_its_own_is_false() {
        let mut counts = EventCounts::default();
        counts.add(&moments("..aa...xxxXXaa.a.xx"));
        assert_eq!((counts.events, counts.found, counts.false_episodes), (2, 1, 2));
        assert_eq!(counts.median_delay_s(), Some(3.0));
    }
}
