//! Remembering on the made process plant: grown is rebuilt, each episode finds itself, and one fault of three vendors is one pattern.

use super::{
    disturb::Disturbance,
    process::{FAULTS, ProcessPlant},
};
use millwright_domain::memory::{Calibration, Judged, Memory, Signature, SignatureSettings, Witness, patterns};

fn episodes() -> Vec<(usize, Signature)> {
    let plant = ProcessPlant::new(3);
    let signature = |number: usize| {
        let episode = plant.episode(FAULTS[number % 18].1, number as u64, 60, 200);
        (number, Signature::of(&episode, SignatureSettings { horizon_s: 140.0 * 180.0 }).unwrap())
    };
    (0..36).map(signature).collect()
}

#[test]
fn a_memory_grown_and_shrunk_is_the_memory_rebuilt() {
    let episodes = episodes();
    let mut grown = Memory::default();
    for (key, signature) in episodes.iter().rev() {
        grown.remember(*key, signature.clone()).unwrap();
    }
    assert!(grown.forget(&7) && !grown.forget(&7));
    let rebuilt = Memory::rebuilt(episodes.iter().filter(|(key, _)| *key != 7).cloned()).unwrap();
    assert_eq!(grown, rebuilt);
    let mut at_once = Memory::default();
    assert_eq!(at_once.remember_all(episodes.iter().filter(|(key, _)| *key != 7).cloned()), []);
    assert_eq!(at_once, rebuilt);
    assert_eq!((grown.len(), grown.is_empty(), grown.get(&7)), (35, false, None));
}

#[test]
fn an_episode_is_likest_to_itself() {
    let episodes = episodes();
    let memory = Memory::rebuilt(episodes.iter().cloned()).unwrap();
    for (key, signature) in &episodes {
        assert_eq!(memory.similar(signature, 2, |_| true).unwrap()[0].key, *key);
    }
}

fn witness(key: u32, fault: usize, cause: &str, vendor: &str) -> Witness<u32> {
    let foreign = Disturbance { units: true, every: 2, noise: 0.3, seed: 1 };
    let episode = foreign.of(&ProcessPlant::new(2).episode(FAULTS[fault].1, u64::from(key), 160, 660), vendor);
    let signature = Signature::of(&episode, SignatureSettings { horizon_s: 90_000.0 }).unwrap();
    Witness { key, cause: cause.into(), vendor: vendor.into(), class: "reactor".into(), signature }
}

#[test]
fn one_fault_of_three_vendors_is_one_pattern_and_another_face_of_it_is_its_own() {
    let cases = [
        witness(1, 0, "feed_loss", "a"),
        witness(2, 0, "feed_loss", "b"),
        witness(3, 0, "feed_loss", "c"),
        witness(4, 7, "feed_loss", "a"),
        witness(5, 5, "leak", "b"),
    ];
    let found = patterns(&cases, 0.6);
    let seen: Vec<(&str, Vec<u32>, usize)> =
        found.iter().map(|pattern| (pattern.cause.as_str(), pattern.cases.clone(), pattern.vendors.len())).collect();
    assert_eq!(seen, [("feed_loss", vec![1, 2, 3], 3), ("feed_loss", vec![4], 1), ("leak", vec![5], 1)]);
    assert!(found[0].is_universal() && !found[1].is_universal() && found[0].cohesion > 0.6);
    let mut turned = cases.to_vec();
    turned.reverse();
    assert_eq!(patterns(&turned, 0.6), found);
}

/// Likenesses of runs of 18 faults to remembered runs on plants, with and without disturbance, and whether they were the same fault.
fn judged(plants: std::ops::Range<u64>) -> Vec<Judged> {
    let settings = SignatureSettings { horizon_s: 400.0 * 180.0 };
    let mut judged = Vec::new();
    for number in plants {
        let plant = ProcessPlant::new(number);
        for runs in [1, 3] {
            let remembered = (0..18 * runs).map(|run| {
                let episode = plant.episode(FAULTS[run % 18].1, 100 + run as u64, 160, 560);
                (run, Signature::of(&episode, settings).unwrap())
            });
            let memory = Memory::rebuilt(remembered).unwrap();
            for (fault, (_, strikes)) in FAULTS.into_iter().enumerate() {
                let episode = plant.episode(strikes, 7, 160, 560);
                for disturbance in [Disturbance::NONE, Disturbance { units: true, every: 2, noise: 0.3, seed: 1 }] {
                    let query = Signature::of(&disturbance.of(&episode, "query"), settings).unwrap();
                    let found = memory.similar(&query, 5, |_| true).unwrap();
                    judged.extend(found.iter().map(|similar| Judged { score: similar.score, hit: similar.key % 18 == fault }));
                }
            }
        }
    }
    judged
}

#[test]
fn the_shipped_calibration_claims_no_more_than_comes_true_on_a_plant_it_never_saw() {
    let judged = judged(60..61);
    for lowest in [0.5, 0.6, 0.7] {
        let band = || judged.iter().filter(|judged| (lowest..lowest + 0.1).contains(&judged.score));
        let claimed = band().map(|judged| Calibration::shipped().rate(judged.score)).sum::<f64>();
        let came_true = band().filter(|judged| judged.hit).count() as f64;
        assert!(claimed <= came_true + 0.05 * band().count() as f64, "from {lowest} on {claimed} claimed and {came_true} true of {}", band().count());
    }
}
