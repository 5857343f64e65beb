//! What the plainest detectors cost: EWMA z and a two-sided CUSUM over a million series on all cores. Copying their states once for each reading shows what memory allows.

use super::{Measured, scaled};
use anyhow::Result;
use millwright_agents::monitor::detectors::{cusum::Cusum, ewma::EwmaZ};
use serde_json::json;
use std::{hint::black_box, thread, time::Instant};

const SERIES: u64 = 1_000_000;
const ROUNDS: usize = 24;
const GOAL: f64 = 50_000_000.0;

#[derive(Clone, Copy)]
struct Series {
    ewma: EwmaZ,
    cusum: Cusum,
}

pub fn measure(scale: f64) -> Result<Measured> {
    let count = scaled(SERIES, scale) as usize;
    let mut series = vec![Series { ewma: EwmaZ::new(0.05), cusum: Cusum::new(1_000.0) }; count];
    // Of no shape that a processor could foresee, and the same in every run.
    let values: Vec<f64> = (0..count as u64).map(|number| (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64 / 1e5).collect();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = count.div_ceil(cores);

    let began = Instant::now();
    let strangest = on_all_cores(&mut series, share, |part, first| {
        let mut strangest = 0.0_f64;
        for round in 0..ROUNDS {
            for (place, one) in part.iter_mut().enumerate() {
                let value = values[(first + place + round * 7_919) % count];
                strangest = strangest.max(one.ewma.step(value)).max(one.cusum.step(value));
            }
        }
        strangest
    });
    let ours = (count * ROUNDS) as f64 / began.elapsed().as_secs_f64();

    let mut copy = series.clone();
    let began = Instant::now();
    thread::scope(|scope| {
        for (to, from) in copy.chunks_mut(share.max(1)).zip(series.chunks(share.max(1))) {
            scope.spawn(move || (0..ROUNDS).for_each(|_| black_box(&mut *to).copy_from_slice(black_box(from))));
        }
    });
    let limit = (count * ROUNDS) as f64 / began.elapsed().as_secs_f64();

    Ok(Measured {
        unit: "readings/s",
        ours,
        peer: "the goal",
        peers: GOAL,
        ratio: None,
        goal: "50,000,000 a second on two cores, at most 100 bytes a series",
        more: json!({
            "series": count,
            "bytes_a_series": size_of::<Series>(),
            "cores": cores,
            "states_copied_per_s": limit,
            "ratio_to_copying": ours / limit,
            "strangest": strangest,
        }),
    })
}

/// Each core has a part of its own; the largest of what they give. `work` is told the number of its first series.
fn on_all_cores(series: &mut [Series], share: usize, work: impl Fn(&mut [Series], usize) -> f64 + Sync) -> f64 {
    thread::scope(|scope| {
        let work = &work;
        let workers: Vec<_> =
            series.chunks_mut(share.max(1)).enumerate().map(|(number, part)| scope.spawn(move || work(part, number * share))).collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).fold(0.0, f64::max)
    })
}
