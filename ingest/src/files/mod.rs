//! Recordings: readings from files instead of devices.
