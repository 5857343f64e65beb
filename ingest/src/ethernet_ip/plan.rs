//! From wanted tags to few packets: as many tags in each as fit, and a tag only once, however many bits of it are points. Pure.

use super::{Tag, cip::Path, value::TagType};
use crate::protocol::{PointNo, Request};

/// What may go into one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub tags: usize,
    /// Bytes of question and of answer: an unconnected message has 504, and what sends it on takes some of them.
    pub bytes: usize,
}

impl Limits {
    /// One at a time, whatever its length.
    pub const ALONE: Self = Self { tags: 1, bytes: Self::BYTES };
    pub const TAGS: u16 = 100;
    pub const BYTES: usize = 480;
    const OF_PACKET: usize = 8;
}

/// What one tag takes in question and answer, each with its place in the packet's list.
fn cost(tag: &Tag) -> (usize, usize) {
    // A tag whose type is not known is mostly a number; one that is more is read alone.
    let width = tag.address.kind().map_or(8, TagType::width);
    (2 + 4 + tag.path.bytes().len(), 2 + 6 + width)
}

/// A packet that still takes tags.
struct Open {
    points: Request,
    keys: Vec<Path>,
    asks: usize,
    brings: usize,
}

impl Open {
    fn new(point: PointNo, tag: &Tag) -> Self {
        let mut open = Self { points: vec![], keys: vec![], asks: Limits::OF_PACKET, brings: Limits::OF_PACKET };
        open.take(point, tag);
        open
    }
    fn has_room(&self, tag: &Tag, limits: Limits) -> bool {
        let (asks, brings) = cost(tag);
        self.keys.len() < limits.tags && self.asks + asks <= limits.bytes && self.brings + brings <= limits.bytes
    }
    fn take(&mut self, point: PointNo, tag: &Tag) {
        let (asks, brings) = cost(tag);
        self.points.push(point);
        self.keys.push(tag.key.clone());
        self.asks += asks;
        self.brings += brings;
    }
}

/// The packets that read these points, in their order.
pub fn plan(wanted: &[(PointNo, &Tag)], limits: Limits) -> Vec<Request> {
    let mut packets: Vec<Open> = Vec::new();
    for (point, tag) in wanted {
        if let Some(same) = packets.iter_mut().find(|packet| packet.keys.contains(&tag.key)) {
            same.points.push(*point);
            continue;
        }
        match packets.last_mut() {
            Some(last) if last.has_room(tag, limits) => last.take(*point, tag),
            _ => packets.push(Open::new(*point, tag)),
        }
    }
    packets.into_iter().map(|packet| packet.points).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ethernet_ip::config::Style;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { tags: 100, bytes: Limits::BYTES };

    fn tags(texts: &[&str]) -> Vec<Tag> {
        texts.iter().map(|text| Tag::at(text.parse().unwrap(), Style::Logix)).collect()
    }
    fn planned(tags: &[Tag], limits: Limits) -> Vec<Request> {
        plan(&tags.iter().enumerate().collect::<Vec<_>>(), limits)
    }

    #[test]
    fn thirty_tags_take_few_packets() {
        let names: Vec<String> = (0..30).map(|number| format!("Motor_Speed_{number}:REAL")).collect();
        let tags = tags(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(planned(&tags, LIMITS).len(), 2);
        assert_eq!(planned(&tags, Limits { tags: 10, ..LIMITS }).len(), 3);
        assert_eq!(planned(&tags, Limits::ALONE).len(), 30);
    }

    #[test]
    fn the_bits_of_a_word_are_one_tag_even_where_only_one_is_asked_at_a_time() {
        let tags = tags(&["Status.0", "Speed", "STATUS.7", "Status:DINT", "Flags[3]:BOOL", "Flags[30]:BOOL", "Flags[32]:BOOL"]);
        assert_eq!(planned(&tags, Limits::ALONE), [vec![0, 2, 3], vec![1], vec![4, 5], vec![6]]);
    }

    proptest! {
        #[test]
        fn every_point_is_read_exactly_once_and_no_packet_is_too_long(
            names in prop::collection::vec("[A-Za-z]{1,40}(\\[[0-9]{1,5}\\])?(:STRING|:REAL|:LINT)?", 1..80), most in 1usize..100
        ) {
            let tags = tags(&names.iter().map(String::as_str).collect::<Vec<_>>());
            let limits = Limits { tags: most, ..LIMITS };
            let packets = planned(&tags, limits);
            let mut points = packets.concat();
            points.sort_unstable();
            prop_assert_eq!(points, (0..tags.len()).collect::<Vec<_>>());
            for packet in &packets {
                let mut keys: Vec<&Path> = packet.iter().map(|point| &tags[*point].key).collect();
                keys.sort();
                keys.dedup();
                prop_assert!(keys.len() <= most);
            }
        }
    }
}
