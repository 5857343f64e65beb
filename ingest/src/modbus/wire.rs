//! One connection, on tokio-modbus: the only file that knows the vendor's client. Answers are checked to be the ones asked for.

use super::{
    address::Table,
    guarded::Guarded,
    rtu::{Bus, OneAnswer, Shape, Turns},
};
use crate::{
    gate::Gate,
    protocol::{Refusal, WireError},
};
use std::{
    borrow::Cow,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_modbus::{
    ExceptionCode, ProtocolError,
    client::{Client, Context, rtu, tcp},
    prelude::{Request, Response, Slave, SlaveContext},
};

/// The device says no, by its exception code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Exception {
    #[error("the device does not know this function (exception 1); check the table of the address")]
    IllegalFunction,
    #[error("the device has no such address (exception 2); check the address, counted from 0")]
    IllegalAddress,
    #[error("the device does not take this value or length (exception 3)")]
    IllegalValue,
    #[error("the device reports a fault of its own (exception {0})")]
    Device(u8),
    #[error("the gateway gets no answer from the unit (exception {0}); check the unit number and the bus")]
    Gateway(u8),
}

impl From<ExceptionCode> for Exception {
    fn from(code: ExceptionCode) -> Self {
        match code {
            ExceptionCode::IllegalFunction => Self::IllegalFunction,
            ExceptionCode::IllegalDataAddress => Self::IllegalAddress,
            ExceptionCode::IllegalDataValue => Self::IllegalValue,
            ExceptionCode::GatewayPathUnavailable | ExceptionCode::GatewayTargetDevice => Self::Gateway(code.into()),
            other => Self::Device(other.into()),
        }
    }
}

impl From<Exception> for Refusal {
    fn from(exception: Exception) -> Self {
        let why = exception.to_string();
        match exception {
            Exception::IllegalFunction | Exception::IllegalAddress | Exception::IllegalValue => Self::Address(why),
            Exception::Device(_) => Self::Fault(why),
            Exception::Gateway(_) => Self::Unreachable(why),
        }
    }
}

impl From<Exception> for WireError {
    fn from(exception: Exception) -> Self {
        Self::Refused(exception.into())
    }
}

impl From<tokio_modbus::Error> for WireError {
    fn from(error: tokio_modbus::Error) -> Self {
        match error {
            tokio_modbus::Error::Transport(cause) => Self::broken(cause),
            tokio_modbus::Error::Protocol(ProtocolError::HeaderMismatch { message, .. }) => Self::Mismatch(message),
            tokio_modbus::Error::Protocol(ProtocolError::FunctionCodeMismatch { request, .. }) => {
                Self::Mismatch(format!("another function than {request}"))
            }
        }
    }
}

/// Items of one table, as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Items {
    Registers(Vec<u16>),
    Bits(Vec<bool>),
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    Registers { start: u16, words: Vec<u16> },
    Coil { at: u16, on: bool },
}

/// How the device is reached.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// Each unit over a connection of its own, so that a dead one cannot delay another even for one timeout.
    Tcp { address: String },
    /// All units on one line.
    Bus(Bus),
}

impl Way {
    pub fn line_of(&self, unit: u16) -> usize {
        match self {
            Self::Tcp { .. } => unit.into(),
            Self::Bus(_) => 0,
        }
    }
    pub fn alone_on(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Tcp { .. } => None,
            Self::Bus(bus) => Some(bus.alone_on()),
        }
    }
    /// What a read takes on the wire beside its values, both ways.
    pub fn overhead(&self) -> i64 {
        match self {
            Self::Tcp { .. } => 12 + 9,
            Self::Bus(_) => 8 + 5,
        }
    }
}

pub(crate) struct Socket {
    client: Context,
    /// On a bus, whose turn it is and what is still owed.
    turns: Option<Turns>,
    /// Asked by the socket before a write's first byte.
    gate: Arc<Mutex<Option<Arc<Gate>>>>,
}

impl Socket {
    pub async fn open(way: &Way, _line: usize) -> io::Result<Self> {
        let gate = Arc::default();
        let (client, turns) = match way {
            Way::Tcp { address } => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                (tcp::attach(Guarded::new(stream, Arc::clone(&gate))), None)
            }
            // The gate is the inner one: it is asked after the line was found quiet, right before the byte leaves.
            Way::Bus(bus) => {
                let stream = Guarded::new(bus.open().await?, Arc::clone(&gate));
                (rtu::attach(OneAnswer::new(stream, bus.echo)), Some(Turns::on(bus)))
            }
        };
        Ok(Self { client, turns, gate })
    }

    async fn call(&mut self, unit: u8, shape: Shape, request: Request<'_>) -> Result<Response, WireError> {
        self.client.set_slave(Slave(unit));
        if let Some(turns) = &mut self.turns {
            turns.next(unit, shape).await;
        }
        let response = self.client.call(request).await?;
        if let Some(turns) = &mut self.turns {
            turns.answered();
        }
        Ok(response.map_err(Exception::from)?)
    }

    /// On a bus, an answer that is still owed may look like the answer to this question. Then the unit is first asked for another number of
    /// items, and whatever it says to that: it says nothing older any more.
    async fn outwait_the_late(&mut self, unit: u8, table: Table, start: u16, count: u16) -> Result<(), WireError> {
        let first = self.turns.as_ref().and_then(|turns| turns.asks_first(unit, function(table), count));
        let Some(first) = first else { return Ok(()) };
        let began = Instant::now();
        let request = reading(table, start.min(u16::MAX - first + 1), first);
        match self.call(unit, Shape::read(function(table), first), request).await {
            Ok(_) | Err(WireError::Refused(_)) => {}
            Err(broken) => return Err(broken),
        }
        match self.turns.as_ref().is_none_or(|turns| turns.leaves_time(began.elapsed())) {
            true => Ok(()),
            false => Err(Refusal::Unreachable(format!("unit {unit} answers again, but slowly; it is asked for its values next time")).into()),
        }
    }

    /// The caller drops the wire on every error but an exception, and on a timeout of its own.
    pub async fn read(&mut self, unit: u8, table: Table, start: u16, count: u16) -> Result<Items, WireError> {
        self.outwait_the_late(unit, table, start, count).await?;
        let response = self.call(unit, Shape::read(function(table), count), reading(table, start, count)).await?;
        let count = usize::from(count);
        match response {
            Response::ReadCoils(mut bits) | Response::ReadDiscreteInputs(mut bits) if bits.len() >= count => {
                bits.truncate(count);
                Ok(Items::Bits(bits))
            }
            Response::ReadInputRegisters(words) | Response::ReadHoldingRegisters(words) if words.len() == count => Ok(Items::Registers(words)),
            _ => Err(WireError::Mismatch("another number of values than asked for".into())),
        }
    }

    /// Sends once. One register goes as function 6 and more as 16, which is what the plainest devices know.
    /// An echo of another value at the same place is an answer to this question; reading back will tell what it means.
    pub async fn write(&mut self, unit: u8, outgoing: &Outgoing, gate: &Arc<Gate>) -> Result<(), WireError> {
        let (request, place) = match outgoing {
            Outgoing::Coil { at, on } => (Request::WriteSingleCoil(*at, *on), (*at, 1)),
            Outgoing::Registers { start, words } => match words.as_slice() {
                [word] => (Request::WriteSingleRegister(*start, *word), (*start, 1)),
                words => (Request::WriteMultipleRegisters(*start, Cow::Borrowed(words)), (*start, words.len())),
            },
        };
        let shape = Shape::write(request.function_code().value());
        *self.gate.lock().unwrap_or_else(PoisonError::into_inner) = Some(gate.clone());
        let response = self.call(unit, shape, request).await;
        self.gate.lock().unwrap_or_else(PoisonError::into_inner).take();
        let written = match response? {
            Response::WriteSingleCoil(at, _) | Response::WriteSingleRegister(at, _) => Some((at, 1)),
            Response::WriteMultipleRegisters(start, count) => Some((start, usize::from(count))),
            _ => None,
        };
        if written == Some(place) { Ok(()) } else { Err(WireError::Mismatch("the echo names another place than was written".into())) }
    }
}

fn function(table: Table) -> u8 {
    match table {
        Table::Coil => 1,
        Table::Discrete => 2,
        Table::Holding => 3,
        Table::Input => 4,
    }
}

fn reading<'a>(table: Table, start: u16, count: u16) -> Request<'a> {
    match table {
        Table::Coil => Request::ReadCoils(start, count),
        Table::Discrete => Request::ReadDiscreteInputs(start, count),
        Table::Input => Request::ReadInputRegisters(start, count),
        Table::Holding => Request::ReadHoldingRegisters(start, count),
    }
}
