//! Every parser against seeded mutations of a kept corpus: no input may make it panic, and what it accepts it must accept again.
//!
//! `FUZZ_SECONDS` for each target (10), `FUZZ_SEED` (1), `FUZZ_TARGET` to run one, `FUZZ_PART=1/2` for every second one. A failing input is written to `fuzz/corpus/`,
//! where it is tried first from then on.

mod door;
mod field;
mod mutate;
mod targets;
mod wire;

use anyhow::{Context, Result, bail};
use std::{
    env, fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use targets::{TARGETS, Target};

/// In tasks and threads of their own, too.
static PANICS: AtomicU64 = AtomicU64::new(0);

/// What a target may need at its peak beside what it began with. Hostile lengths must not become memory.
const MOST_MEMORY_KB: u64 = 512 << 10;

fn main() -> Result<()> {
    let seconds: f64 = env::var("FUZZ_SECONDS").map_or(Ok(10.0), |text| text.parse()).context("FUZZ_SECONDS is a number")?;
    let seed: u64 = env::var("FUZZ_SEED").map_or(Ok(1), |text| text.parse()).context("FUZZ_SEED is a whole number")?;
    let only = env::var("FUZZ_TARGET").ok();
    let (part, parts) = part_of(&env::var("FUZZ_PART").unwrap_or_else(|_| "1/1".into()))?;
    // A panic is what we look for: it is counted wherever it happens, and reported with its input, not with a backtrace for each.
    panic::set_hook(Box::new(|_| {
        PANICS.fetch_add(1, Ordering::SeqCst);
    }));
    let mut run = 0;
    let all = || field::TARGETS.iter().copied().flatten().chain(TARGETS).chain(door::TARGETS);
    let ours = all().skip(part - 1).step_by(parts);
    for target in ours.filter(|target| only.as_ref().is_none_or(|only| only == target.name)) {
        let before = peak_kb();
        let tried = fuzz(target, Duration::from_secs_f64(seconds), seed)?;
        let grown = peak_kb().saturating_sub(before);
        if grown > MOST_MEMORY_KB {
            bail!("{} took {grown} KB of memory; some input makes it grow without bound", target.name);
        }
        println!("{:<12} {tried} inputs, none made it panic", target.name);
        run += 1;
    }
    if run == 0 {
        bail!("no such target; there are: {}", all().map(|target| target.name).collect::<Vec<_>>().join(", "));
    }
    println!("{run} passed, 0 failed");
    Ok(())
}

/// Which part of how many, from 1 on.
fn part_of(text: &str) -> Result<(usize, usize)> {
    let read = |(part, parts): (&str, &str)| Some((part.parse().ok()?, parts.parse().ok()?));
    let found = text.split_once('/').and_then(read).filter(|(part, parts)| (1..=*parts).contains(part));
    found.with_context(|| format!("FUZZ_PART is {text:?}; it is one of so many parts, like 1/2"))
}

/// The most memory that this process ever had, as Linux tells it; 0 elsewhere.
fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn corpus_of(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name)
}

/// The kept inputs first, then mutations of them until time is up. At least the kept ones are always tried.
fn fuzz(target: &Target, time: Duration, seed: u64) -> Result<u64> {
    let folder = corpus_of(target);
    let mut kept = (target.seeds)();
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).into_iter().flatten().filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.sort();
    for file in files {
        kept.push(fs::read(&file).with_context(|| format!("could not read {}", file.display()))?);
    }
    let mut mutator = mutate::Mutator::new(seed);
    let until = Instant::now() + time;
    let mut tried = 0;
    for input in &kept {
        attempt(target, input, &folder)?;
        tried += 1;
    }
    while Instant::now() < until {
        for _ in 0..64 {
            let input = mutator.mutated(&kept);
            attempt(target, &input, &folder)?;
            tried += 1;
        }
    }
    Ok(tried)
}

fn attempt(target: &Target, input: &[u8], folder: &Path) -> Result<()> {
    let before = PANICS.load(Ordering::SeqCst);
    let is_fine = panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_ok();
    if is_fine && PANICS.load(Ordering::SeqCst) == before {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let file = folder.join(format!("panic-{:016x}", mutate::fingerprint(input)));
    fs::write(&file, input)?;
    bail!("{} panicked; the input is kept in {}", target.name, file.display())
}
