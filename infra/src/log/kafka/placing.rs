//! Which Kafka partition something belongs to: as Kafka's own Java clients place a key, so that any tool agrees with us.

use millwright_domain::{
    ids::{DeviceId, SiteId},
    position::PartitionId,
};

/// The Kafka partition (of the ledger's and the commands' topic) that holds a ledger partition. Several may share one.
pub fn share_of(partition: &PartitionId, shares: u32) -> u32 {
    place(partition.name().as_bytes(), shares)
}

/// The Kafka partition of the readings' topic that a device's scans go to.
pub fn share_of_device(site: &SiteId, device: &DeviceId, shares: u32) -> u32 {
    place(device_key(site, device).as_bytes(), shares)
}

pub(super) fn device_key(site: &SiteId, device: &DeviceId) -> String {
    format!("{site}/{device}")
}

fn place(key: &[u8], shares: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % shares.max(1)
}

/// MurmurHash2 with the seed that Kafka's Java clients use.
fn murmur2(data: &[u8]) -> u32 {
    const MIX: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let word = word.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)).wrapping_mul(MIX);
        hash = hash.wrapping_mul(MIX) ^ (word ^ word >> 24).wrapping_mul(MIX);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        hash = (hash ^ rest.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte))).wrapping_mul(MIX);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(MIX);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hash_as_in_kafkas_java_clients() {
        // From Kafka's own UtilsTest.
        let known = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (key, expected) in known {
            assert_eq!(murmur2(key.as_bytes()) as i32, expected, "{key}");
        }
    }

    #[test]
    fn a_place_never_moves() {
        // Facts lie where this put them: a change here would lose them.
        let places = ["ledger/demo", "ledger/_platform", "ledger/_truth.demo", "ledger/plant-7"];
        let shares = places.map(|place| share_of(&place.parse().unwrap(), 12));
        assert_eq!(shares, [7, 2, 2, 0]);
        assert_eq!(share_of_device(&"demo".parse().unwrap(), &"plc-1".parse().unwrap(), 12), 8);
    }

    #[test]
    fn one_share_holds_everything() {
        assert_eq!(share_of(&PartitionId::platform(), 1), 0);
        assert_eq!(share_of(&PartitionId::platform(), 0), 0);
    }
}
