//! Runs seeds, one after the other, until one breaks an invariant; then says which, where, and how to see it again.

use anyhow::{Context, Result};
use clap::Parser;
use millwright_simulation::{Mutant, Options, Told, run};
use serde_json::json;
use std::{
    process::ExitCode,
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Instant,
};

/// Deterministic simulation of the whole plant: the seed is the bug report.
#[derive(Parser)]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 50)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Only this one.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Seeds that run at a time; each runs in one thread.
    #[arg(long)]
    jobs: Option<usize>,
    /// Show every step.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// One JSON line at the end.
    #[arg(long)]
    json: bool,
    /// Go on after a violation, and count.
    #[arg(long)]
    keep_going: bool,
    /// Plant a bug, to see it found.
    #[arg(long)]
    mutant: Option<Mutant>,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let (from, to) = arguments.seed.map_or((arguments.from, arguments.from + arguments.seeds), |seed| (seed, seed + 1));
    let begun = Instant::now();
    let (mut steps, mut done, mut broken) = (0, 0, vec![]);
    let jobs = arguments.jobs.or_else(|| thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    let options = Options { mutant: arguments.mutant, keep_whole: arguments.trace };
    let (next, over) = (AtomicU64::new(from), AtomicBool::new(false));
    thread::scope(|scope| -> Result<()> {
        let (tell, told) = mpsc::channel();
        for _ in 0..jobs.max(1) {
            let (tell, next, over) = (tell.clone(), &next, &over);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= to || tell.send((seed, run(seed, options))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        for (seed, told) in told {
            let told = told.with_context(|| format!("seed {seed} could not be run"))?;
            (steps, done) = (steps + told.steps, done + 1);
            told.whole.iter().for_each(|line| println!("{line}"));
            if arguments.seed.is_some() && !arguments.json {
                println!("seed {seed}: {} steps, digest {}", told.steps, told.digest);
            }
            if told.violation.is_some() {
                report(seed, &told, &arguments);
                broken.push(seed);
                over.store(!arguments.keep_going, Ordering::Relaxed);
            }
            if !arguments.json && done % 25 == 0 {
                println!("{done} of {} seeds, {steps} steps, {} broken, {:.0} s", to - from, broken.len(), begun.elapsed().as_secs_f64());
            }
        }
        Ok(())
    })?;
    broken.sort_unstable();
    let seconds = begun.elapsed().as_secs_f64();
    if arguments.json {
        println!("{}", json!({"from": from, "seeds": done, "steps": steps, "broken": broken, "seconds": seconds}));
    } else {
        println!("{done} seeds, {steps} steps, {} broken, {seconds:.1} s", broken.len());
    }
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn report(seed: u64, told: &Told, arguments: &Arguments) {
    let Some(violation) = &told.violation else { return };
    if arguments.json {
        return;
    }
    told.last.iter().for_each(|line| println!("{line}"));
    println!("\nBROKEN  {}\n  {}\n  seed {seed}, step {}", violation.invariant, violation.what, violation.step);
    println!("  see it again: make simulate SEED={seed}, or cargo run -p millwright-simulation -- --seed {seed} --trace\n");
}
