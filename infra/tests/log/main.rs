//! The embedded log against what happens to it outside: damage, full disks, kills, and writes that a disk forgot.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod crash;
mod damage;
mod days;
mod failing_disk;
mod load;
mod lost_bytes;
mod plant;
mod recorder;
