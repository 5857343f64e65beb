//! Signatures on the made process plant: units, rate and noise change little, another fault much.

use super::{
    disturb::Disturbance,
    process::{CHANNELS, FAULTS, ProcessPlant},
};
use millwright_domain::memory::{Channel, ChannelKey, Episode, Signature, SignatureSettings};
use proptest::prelude::*;

const SETTINGS: SignatureSettings = SignatureSettings { horizon_s: 500.0 * 180.0 };

fn episode(fault: usize, seed: u64) -> Episode {
    ProcessPlant::new(1).episode(FAULTS[fault].1, seed, 160, 660)
}
fn signature(episode: &Episode) -> Signature {
    Signature::of(episode, SETTINGS).unwrap()
}

#[test]
fn the_same_fault_is_likest_even_in_foreign_units_at_half_rate_with_noise() {
    let foreign = Disturbance { units: true, every: 2, noise: 0.3, seed: 9 };
    let memory: Vec<Signature> = [0, 3, 7, 12].map(|fault| signature(&episode(fault, 1))).into();
    for (place, fault) in [0, 3, 7, 12].into_iter().enumerate() {
        let query = signature(&foreign.of(&episode(fault, 2), "query"));
        let scores: Vec<f64> = memory.iter().map(|past| query.similarity(past)).collect();
        let best = (0..4).max_by(|one, other| scores[*one].total_cmp(&scores[*other]));
        assert_eq!(best, Some(place), "{scores:?}");
    }
}

#[test]
fn a_sketch_keeps_the_similarity_and_channels_in_any_order_give_the_same() {
    let (one, other) = (episode(0, 1), episode(5, 2));
    let (first, second) = (signature(&one), signature(&other));
    let (sketch, another) = (first.sketch(), second.sketch());
    let dot = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(one, other)| f64::from(one * other)).sum::<f64>();
    let sketched = dot(&sketch, &another) / (dot(&sketch, &sketch) * dot(&another, &another)).sqrt();
    assert!((sketched - first.similarity(&second)).abs() < 0.2, "{sketched}");
    let mut turned = one;
    turned.channels.reverse();
    assert_eq!(signature(&turned), first);
}

#[test]
fn channels_that_only_one_has_lower_the_score_but_do_not_forbid_it() {
    let whole = episode(0, 1);
    let mut part = episode(0, 2);
    part.channels.truncate(CHANNELS / 2);
    part.channels.push(Channel { key: ChannelKey::new("vibration", "motor"), values: part.channels[0].values.clone() });
    let score = signature(&part).similarity(&signature(&whole));
    assert!(score > 0.6 && score < 27.0 / 27.0, "{score}");
    part.channels.iter_mut().for_each(|channel| channel.key.0.push('x'));
    assert_eq!(signature(&part).similarity(&signature(&whole)), 0.0);
}

#[test]
fn a_signature_comes_back_from_storage_bit_for_bit() {
    let kept = signature(&episode(4, 3));
    assert_eq!(serde_json::from_str::<Signature>(&serde_json::to_string(&kept).unwrap()).unwrap(), kept);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn another_unit_is_no_other_fault(scale in 0.001_f64..1_000.0, offset in -1e3_f64..1e3, fault in 0_usize..18) {
        let plain = episode(fault, 4);
        let mut foreign = plain.clone();
        for channel in &mut foreign.channels {
            channel.values.iter_mut().for_each(|value| *value = scale * (*value + offset));
        }
        prop_assert!(signature(&plain).similarity(&signature(&foreign)) > 0.9999);
    }
}
