//! Modbus over TCP and serial lines: addresses and configuration in, a plan of few requests, registers out as numbers.
//!
//! `address`, `spelling` and `value` are the words, `config` is what a person writes, `plan` which requests that takes, `wire` one connection
//! on tokio-modbus (with `guarded`, the last look before a write's first byte), `decode` the way from registers to numbers and back. `rtu/` is
//! what a serial line needs beside that.

pub mod address;
pub mod config;
mod decode;
mod guarded;
mod plan;
pub mod rtu;
mod spelling;
#[cfg(test)]
pub(crate) mod testing;
pub mod value;
mod wire;

use crate::{
    gate::Gate,
    protocol::{Answer, CannotConnect, Look, PointNo, Protocol, Request, Savings, Wire, WireError},
};
use address::Address;
use async_trait::async_trait;
use plan::{Limits, Wanted};
use std::sync::Arc;
use value::{ByteOrder, ValueType};
use wire::{Items, Socket, Way};

/// A device's points, and how it is reached.
#[derive(Debug, Clone)]
pub(crate) struct Modbus {
    pub(crate) way: Way,
    pub(crate) limits: Limits,
    pub(crate) slots: Vec<Slot>,
}

/// Where a point is and how its bytes are read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slot {
    pub unit: u8,
    pub address: Address,
    pub order: ByteOrder,
}

impl Slot {
    fn wanted(&self) -> Wanted {
        Wanted { table: self.address.table(), start: self.address.offset(), width: self.address.width() }
    }
}

#[async_trait]
impl Protocol for Modbus {
    fn line_of(&self, unit: u16) -> usize {
        self.way.line_of(unit)
    }
    fn plan(&self, points: &[PointNo]) -> Vec<Request> {
        plan::plan(&self.wanted(points), self.limits)
    }
    fn refine(&self, refused: &[PointNo], bad: &[PointNo]) -> Vec<Request> {
        plan::refine(&self.wanted(refused), bad, self.limits)
    }
    fn savings(&self, requests: &[Request]) -> Savings {
        plan::savings(requests.iter().map(|request| self.wanted(request)), self.way.overhead())
    }
    fn fits(&self, point: PointNo, raw: f64) -> Result<(), String> {
        let slot = self.slots.get(point).ok_or("there is no such point")?;
        decode::outgoing(slot, raw).map(drop).map_err(|why| why.to_string())
    }
    fn resolution(&self, point: PointNo) -> f64 {
        match self.slots.get(point).map(|slot| slot.address.kind()) {
            Some(ValueType::F32 | ValueType::F64) => 1e-6,
            _ => 0.5,
        }
    }
    fn alone_on(&self) -> Option<(&'static str, String)> {
        self.way.alone_on()
    }
    async fn connect(&self, line: usize) -> Result<Box<dyn Wire>, CannotConnect> {
        let socket = Socket::open(&self.way, line).await.map_err(|cause| CannotConnect(cause.to_string()))?;
        Ok(Box::new(Conversation { map: self.clone(), socket }))
    }
}

impl Modbus {
    fn wanted(&self, points: &[PointNo]) -> Vec<(PointNo, Wanted)> {
        points.iter().filter_map(|point| Some((*point, self.slots.get(*point)?.wanted()))).collect()
    }
}

/// One connection and the map to read it by.
struct Conversation {
    map: Modbus,
    socket: Socket,
}

impl Conversation {
    fn slot(&self, point: PointNo) -> Result<Slot, WireError> {
        self.map.slots.get(point).cloned().ok_or_else(|| WireError::Mismatch(format!("there is no point {point}")))
    }
    /// The one request that spans these points, and where it begins.
    async fn span(&mut self, points: &[PointNo]) -> Result<(u16, Items), WireError> {
        let first = self.slot(*points.first().ok_or_else(|| WireError::Mismatch("no points".into()))?)?;
        let (start, count) = plan::hull(&self.map.wanted(points));
        let items = self.socket.read(first.unit, first.address.table(), start, count).await?;
        Ok((start, items))
    }
}

#[async_trait]
impl Wire for Conversation {
    async fn read(&mut self, points: &[PointNo]) -> Result<Vec<Answer>, WireError> {
        let (start, items) = self.span(points).await?;
        points.iter().map(|point| Ok(decode::answer(&self.slot(*point)?, start, &items))).collect()
    }
    async fn write(&mut self, point: PointNo, raw: f64, gate: &Arc<Gate>) -> Result<(), WireError> {
        let slot = self.slot(point)?;
        let outgoing = decode::outgoing(&slot, raw).map_err(WireError::broken)?;
        self.socket.write(slot.unit, &outgoing, gate).await
    }
    /// The value in every other byte order, too: a wrong one shows at a glance.
    async fn look(&mut self, point: PointNo) -> Result<Look, WireError> {
        let slot = self.slot(point)?;
        let (start, items) = self.span(&[point]).await?;
        let in_order = |order: &ByteOrder| {
            let number = decode::raw(&Slot { order: *order, ..slot.clone() }, start, &items)?;
            Some((order.to_string(), number))
        };
        let others = ByteOrder::ALL.iter().filter(|order| **order != slot.order).filter_map(in_order).collect();
        Ok(Look { answer: decode::answer(&slot, start, &items), others })
    }
}
