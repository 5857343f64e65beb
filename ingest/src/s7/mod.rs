//! Siemens S7: addresses and configuration in, a plan of few requests, bytes out as values.
//!
//! `address`, `spelling` and `value` are the words, `config` is what a person writes, `plan` which requests that takes, `decode` the way from
//! bytes to values and back. `wire` is one connection, on Snap7. Snap7 believes what it is sent, so it never meets the device itself:
//! `relay` stands between the two and lets through only answers that `frame` knows to belong to the question.
#![cfg_attr(not(feature = "s7"), allow(dead_code))]

pub mod address;
pub mod config;
mod decode;
pub mod frame;
mod plan;
#[cfg(feature = "s7")]
mod relay;
mod spelling;
pub mod value;
#[cfg(feature = "s7")]
mod wire;
#[cfg(not(feature = "s7"))]
#[path = "without.rs"]
mod wire;

use crate::{
    gate::Gate,
    protocol::{Answer, CannotConnect, Look, PointNo, Protocol, Refusal, Request, Savings, Wire, WireError},
};
use address::Address;
use async_trait::async_trait;
use config::Way;
use plan::{Item, Limits, Wanted};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use value::ValueType;
use wire::Line;

/// A controller's points, and how it is reached.
#[derive(Debug, Clone)]
pub(crate) struct S7 {
    way: Way,
    limits: Limits,
    slots: Vec<Address>,
}

#[async_trait]
impl Protocol for S7 {
    fn line_of(&self, _unit: u16) -> usize {
        0
    }
    fn plan(&self, points: &[PointNo]) -> Vec<Request> {
        plan::plan(&self.wanted(points), self.limits)
    }
    fn savings(&self, requests: &[Request]) -> Savings {
        plan::savings(requests.iter().map(|request| self.wanted(request)), self.limits)
    }
    fn fits(&self, point: PointNo, raw: f64) -> Result<(), String> {
        let address = self.slots.get(point).ok_or("there is no such point")?;
        decode::outgoing(address, raw).map(drop).map_err(|why| why.to_string())
    }
    fn resolution(&self, point: PointNo) -> f64 {
        match self.slots.get(point).map(Address::kind) {
            Some(ValueType::Real | ValueType::Lreal) => 1e-6,
            _ => 0.5,
        }
    }
    async fn connect(&self, _line: usize) -> Result<Box<dyn Wire>, CannotConnect> {
        let line = Line::open(&self.way).await?;
        Ok(Box::new(Conversation { map: self.clone(), line, apart: BTreeSet::new() }))
    }
}

impl S7 {
    fn wanted(&self, points: &[PointNo]) -> Vec<(PointNo, Wanted)> {
        let wanted = |address: &Address| Wanted { area: address.area(), start: address.byte(), width: address.width() };
        points.iter().filter_map(|point| Some((*point, wanted(self.slots.get(*point)?)))).collect()
    }
}

/// One connection and the map to read it by.
struct Conversation {
    map: S7,
    line: Line,
    /// Points whose neighbours must not be joined to them: together they were refused.
    apart: BTreeSet<PointNo>,
}

impl Conversation {
    fn address(&self, point: PointNo) -> Result<Address, WireError> {
        self.map.slots.get(point).copied().ok_or_else(|| WireError::Mismatch(format!("there is no point {point}")))
    }
    fn items(&self, points: &[PointNo]) -> Vec<Item> {
        plan::items(&self.map.wanted(points), &self.apart, self.map.limits)
    }

    /// Asks for the points' items. Returns those points that were refused in company and have to be asked for by themselves.
    async fn ask(&mut self, points: &[PointNo], answers: &mut BTreeMap<PointNo, Answer>) -> Result<Vec<PointNo>, WireError> {
        let mut refused = vec![];
        for request in plan::packed(self.items(points), self.map.limits) {
            let pieces = self.line.read(&request).await?;
            for (item, piece) in request.iter().zip(pieces) {
                match piece {
                    Ok(bytes) => {
                        for point in &item.points {
                            answers.insert(*point, decode::answer(&self.address(*point)?, item.start, &bytes));
                        }
                    }
                    Err(Refusal::Address(_)) if item.points.len() > 1 => refused.extend(&item.points),
                    Err(refusal) => answers.extend(item.points.iter().map(|point| (*point, Err(refusal.clone())))),
                }
            }
        }
        Ok(refused)
    }
}

#[async_trait]
impl Wire for Conversation {
    async fn read(&mut self, points: &[PointNo]) -> Result<Vec<Answer>, WireError> {
        let mut answers = BTreeMap::new();
        let refused = self.ask(points, &mut answers).await?;
        if !refused.is_empty() {
            self.apart.extend(&refused);
            self.ask(&refused, &mut answers).await?;
        }
        let answer = |point: &PointNo| answers.remove(point).ok_or_else(|| WireError::Mismatch(format!("point {point} was not answered")));
        points.iter().map(answer).collect()
    }
    async fn write(&mut self, point: PointNo, raw: f64, gate: &Arc<Gate>) -> Result<(), WireError> {
        let outgoing = decode::outgoing(&self.address(point)?, raw).map_err(WireError::broken)?;
        self.line.write(outgoing, gate).await
    }
    /// The value as other types of its width, too: a wrong one shows at a glance.
    async fn look(&mut self, point: PointNo) -> Result<Look, WireError> {
        let address = self.address(point)?;
        let mut items = self.items(&[point]);
        let item = items.pop().ok_or_else(|| WireError::Mismatch(format!("there is no point {point}")))?;
        let start = item.start;
        match self.line.read(&[item]).await?.pop() {
            Some(Ok(bytes)) => Ok(Look { answer: decode::answer(&address, start, &bytes), others: decode::others(&address, start, &bytes) }),
            Some(Err(refusal)) => Ok(Look { answer: Err(refusal), others: vec![] }),
            None => Err(WireError::Mismatch(format!("point {point} was not answered"))),
        }
    }
}
