//! What this program uses of processor and memory, as the kernel counts it. Elsewhere than on Linux nothing is known.

use millwright_domain::agent::Figures;
use std::{
    fs,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Linux tells processor time in hundredths of a second, on every machine that we run on.
const TICKS_A_SECOND: f64 = 100.0;
/// Whoever asks again sooner gets the same share.
const FRESH: Duration = Duration::from_secs(5);

struct Seen {
    at: Instant,
    ticks: u64,
    percent: Option<f64>,
}

static SEEN: Mutex<Option<Seen>> = Mutex::new(None);

/// Of the whole program; of one core, since it was asked last.
pub fn vitals() -> Figures {
    Figures { cpu_percent: cpu_percent(), memory_bytes: memory_bytes(), ..Figures::default() }
}

fn cpu_percent() -> Option<f64> {
    let (now, ticks) = (Instant::now(), ticks(&fs::read_to_string("/proc/self/stat").ok()?)?);
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(seen) = seen.as_ref().filter(|seen| now.duration_since(seen.at) < FRESH) {
        return seen.percent;
    }
    let percent = seen.as_ref().map(|before| {
        let seconds = now.duration_since(before.at).as_secs_f64();
        (ticks.saturating_sub(before.ticks) as f64 / TICKS_A_SECOND / seconds * 1_000.0).round() / 10.0
    });
    *seen = Some(Seen { at: now, ticks, percent });
    percent
}

/// User and kernel time; the name before them may hold anything, so it is counted from its closing bracket.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

fn memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes: u64 = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().trim_end_matches(" kB").trim().parse().ok()?;
    Some(kilobytes * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_stand_behind_whatever_the_program_is_called() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 120 30 0 0 20 0 1 0 9 9 9";
        assert_eq!(ticks(stat), Some(150));
        assert_eq!(ticks("nothing"), None);
    }
}
