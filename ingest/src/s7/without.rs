//! In place of `wire.rs` in a program that was built without Snap7: there is no connection.

use super::{config::Way, decode::Outgoing, plan::Item};
use crate::{
    gate::Gate,
    protocol::{CannotConnect, Refusal, WireError},
};
use std::sync::Arc;

pub enum Line {}

impl Line {
    pub async fn open(_way: &Way) -> Result<Self, CannotConnect> {
        Err(CannotConnect("this program was built without S7; build it with `--features s7`".into()))
    }
    pub async fn read(&mut self, _items: &[Item]) -> Result<Vec<Result<Vec<u8>, Refusal>>, WireError> {
        match *self {}
    }
    pub async fn write(&mut self, _outgoing: Outgoing, _gate: &Arc<Gate>) -> Result<(), WireError> {
        match *self {}
    }
}
