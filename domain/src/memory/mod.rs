//! The memory of past faults: what an episode looked like without its units, which past ones looked like it, and how far to trust that.

mod calibrate;
mod episode;
mod index;
mod patterns;
mod recall;
pub mod remaining;
mod signature;
mod views;

pub use calibrate::{Calibrating, Calibration, Judged, LEAST_SAMPLES, Step, calibration_error};
pub use episode::{Channel, ChannelKey, Episode, NoSignature};
pub use index::{Index, Neighbour, NotIndexed};
pub use patterns::{Pattern, Witness, patterns};
pub use recall::{Memory, Similar};
pub use signature::{SKETCH_DIMS, Signature, SignatureSettings};
