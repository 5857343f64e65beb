//! What a CIP status means for the one who asked.

use crate::protocol::Refusal;
use std::fmt;

/// The general status, and the first word of what more the device says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    pub general: u8,
    pub further: Option<u16>,
}

impl Status {
    pub const fn is_good(self) -> bool {
        self.general == 0
    }
    /// Of a packet: every service in it has a status of its own.
    pub const fn is_in_parts(self) -> bool {
        matches!(self.general, 0 | 0x1E)
    }
    /// The answer had no room beside the others and may have it alone.
    pub const fn wants_more_room(self) -> bool {
        matches!(self.general, 0x06 | 0x11)
    }
    /// Whoever sends messages on gave up waiting: it cannot be said whether the controller has got this one.
    pub const fn leaves_doubt(self) -> bool {
        matches!((self.general, self.further), (0x01, Some(0x0203..=0x0206) | None) | (0x07, _))
    }
    /// What the controller itself says of a tag.
    pub fn refusal(self) -> Refusal {
        let said = self.to_string();
        match self.general {
            0x01 | 0x07 => Refusal::Unreachable(format!("{said}; check the slot and the controller")),
            0x04 | 0x05 | 0x16 => Refusal::Address(format!("{said}; check its spelling, its program, and whether it is a local one")),
            0x08 => Refusal::Address(format!("{said}; a Micro800 needs style = \"micro800\"")),
            0x0F => Refusal::Address(format!("{said}; allow external access to it in the controller")),
            0x06 | 0x09 | 0x11 | 0x13 | 0x14 | 0x15 | 0x1C | 0x20 | 0x26 => Refusal::Address(format!("{said}; check the address and the type")),
            0xFF if matches!(self.further, Some(0x2104..=0x2107)) => Refusal::Address(format!("{said}; check the index and the type")),
            _ => Refusal::Fault(said),
        }
    }
    /// What somebody on the way to the controller says.
    pub fn refusal_on_the_way(self) -> Refusal {
        match self.general {
            0x08 => Refusal::Address(
                "the device does not send questions on to a slot; set style = \"micro800\" for a Micro800, or slot = \"none\" (CIP status 0x08)"
                    .into(),
            ),
            _ => Refusal::Unreachable(format!("no answer from the controller behind the module: {self}; check the slot")),
        }
    }
    const fn meaning(self) -> &'static str {
        match (self.general, self.further) {
            (0x01, Some(0x0203..=0x0206)) => "no answer on the way to the controller",
            (0x01, Some(0x0311 | 0x0312)) => "there is nothing at this slot",
            (0x01 | 0x07, _) => "the way to the controller is broken",
            (0x02, _) => "the controller is too busy",
            (0x04 | 0x05 | 0x16, _) => "the controller has no such tag",
            (0x06 | 0x11, _) => "the tag is too long for one answer",
            (0x08, _) => "the device does not know this service",
            (0x0C | 0x10, _) => "the controller does not allow it in its present mode",
            (0x0E, _) => "the tag cannot be written",
            (0x0F, _) => "the controller does not allow access to the tag",
            (0xFF, Some(0x2104 | 0x2105)) => "the index lies outside the array",
            (0xFF, Some(0x2107)) => "the tag has another type than was sent",
            _ => "the controller refuses it",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (CIP status 0x{:02X}", self.meaning(), self.general)?;
        match self.further {
            Some(further) => write!(f, "/0x{further:04X})"),
            None => write!(f, ")"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::reading::Quality;

    fn status(general: u8, further: Option<u16>) -> Status {
        Status { general, further }
    }

    #[test]
    fn every_status_is_the_quality_of_its_cause() {
        for (general, further, expected) in [
            (0x05, Some(0), Quality::BadConfiguration),
            (0x04, None, Quality::BadConfiguration),
            (0xFF, Some(0x2107), Quality::BadConfiguration),
            (0x0F, None, Quality::BadConfiguration),
            (0xFF, Some(0x3000), Quality::BadDeviceFault),
            (0x02, None, Quality::BadDeviceFault),
            (0x01, Some(0x0204), Quality::BadNoCommunication),
        ] {
            assert_eq!(status(general, further).refusal().quality(), expected, "{general} {further:?}");
        }
        assert_eq!(status(0x08, None).refusal_on_the_way().quality(), Quality::BadConfiguration);
        assert_eq!(status(0x01, Some(0x0312)).refusal_on_the_way().quality(), Quality::BadNoCommunication);
    }

    #[test]
    fn a_refusal_says_what_the_device_said_and_what_to_do() {
        let why = status(0x05, Some(0)).refusal().to_string();
        assert!(why.contains("no such tag") && why.contains("0x05/0x0000") && why.contains("check its spelling"), "{why}");
    }

    #[test]
    fn only_a_message_that_got_lost_on_its_way_leaves_doubt() {
        assert!(status(0x01, Some(0x0204)).leaves_doubt());
        assert!(!status(0x01, Some(0x0312)).leaves_doubt());
        assert!(!status(0x08, None).leaves_doubt());
    }
}
