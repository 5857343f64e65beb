//! The simulated plant's Modbus TCP servers: the first pump's own controller, and the gateway in front of the fourth and fifth.

use super::{
    gateway,
    plant::SimulatedPlant,
    registers::{self, No},
};
use crate::modbus::address::Table;
use std::{future, io, net::SocketAddr, sync::Arc};
use tokio::net::{TcpListener, TcpStream};
use tokio_modbus::{
    ExceptionCode, Request, Response, SlaveRequest,
    server::{Service, tcp::Server},
};
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// The unit that is the first pump's controller; 0 and 255 mean the device itself on TCP.
const UNIT: u8 = 1;

/// Serves the first pump until stopped. Connections end with it.
pub async fn serve(listener: TcpListener, plant: Arc<SimulatedPlant>, stop: CancellationToken) -> io::Result<()> {
    serve_as(Face::Controller, listener, plant, stop).await
}

/// Serves the pumps behind the gateway until stopped, each by its unit number.
pub async fn serve_gateway(listener: TcpListener, plant: Arc<SimulatedPlant>, stop: CancellationToken) -> io::Result<()> {
    serve_as(Face::Gateway, listener, plant, stop).await
}

async fn serve_as(face: Face, listener: TcpListener, plant: Arc<SimulatedPlant>, stop: CancellationToken) -> io::Result<()> {
    let accept = move |stream: TcpStream, _from: SocketAddr| {
        let line = Line { face, plant: plant.clone() };
        future::ready(stream.set_nodelay(true).map(|()| Some((line, stream))))
    };
    let broken = |error: io::Error| debug!(error = &error as &dyn std::error::Error, "a collector left the simulated plant: {error}");
    Server::new(listener).serve_until(&accept, broken, stop.cancelled_owned()).await.map(|_terminated| ())
}

#[derive(Debug, Clone, Copy)]
enum Face {
    Controller,
    Gateway,
}

struct Line {
    face: Face,
    plant: Arc<SimulatedPlant>,
}

/// `Ok(None)`: silence.
type Answered = Result<Option<Response>, ExceptionCode>;

impl Line {
    fn place(&self, unit: u8) -> Option<usize> {
        match self.face {
            Face::Controller => matches!(unit, UNIT | 0 | 255).then_some(0),
            Face::Gateway => gateway::place(unit),
        }
    }
    fn answer(&self, unit: u8, request: Request<'_>) -> Answered {
        let place = self.place(unit).ok_or(ExceptionCode::GatewayTargetDevice)?;
        match (self.plant.look(place, |pump| pump.is_linked()), self.face) {
            (Some(true), Face::Controller) => self.controller(place, request).map(Some),
            (Some(true), Face::Gateway) => self.gateway(place, request).map(Some),
            // What leads to a controller is silent as a cut cable is; a gateway says that its device does not answer.
            (Some(false), Face::Controller) => Ok(None),
            (Some(false), Face::Gateway) | (None, _) => Err(ExceptionCode::GatewayTargetDevice),
        }
    }
    fn controller(&self, place: usize, request: Request<'_>) -> Result<Response, ExceptionCode> {
        let read = |table, start, count| self.plant.look(place, |pump| registers::read(pump, table, start, count)).ok_or(No::Address)?;
        match request {
            Request::ReadInputRegisters(start, count) => Ok(Response::ReadInputRegisters(read(Table::Input, start, count)?)),
            Request::ReadHoldingRegisters(start, count) => Ok(Response::ReadHoldingRegisters(read(Table::Holding, start, count)?)),
            Request::WriteMultipleRegisters(start, words) => {
                self.plant.order(place, |pump| registers::write(pump, start, &words)).ok_or(No::Address)??;
                Ok(Response::WriteMultipleRegisters(start, words.len() as u16))
            }
            _ => Err(ExceptionCode::IllegalFunction),
        }
    }
    fn gateway(&self, place: usize, request: Request<'_>) -> Result<Response, ExceptionCode> {
        let write = |start, words: &[u16]| self.plant.order(place, |pump| gateway::write(pump, start, words)).ok_or(No::Address)?;
        match request {
            Request::ReadHoldingRegisters(start, count) => {
                let words = self.plant.look(place, |pump| gateway::read(pump, start, count)).ok_or(No::Address)??;
                Ok(Response::ReadHoldingRegisters(words))
            }
            Request::WriteSingleRegister(at, word) => write(at, &[word]).map(|()| Response::WriteSingleRegister(at, word)).map_err(Into::into),
            Request::WriteMultipleRegisters(start, words) => {
                write(start, &words)?;
                Ok(Response::WriteMultipleRegisters(start, words.len() as u16))
            }
            _ => Err(ExceptionCode::IllegalFunction),
        }
    }
}

impl Service for Line {
    type Request = SlaveRequest<'static>;
    type Response = Option<Response>;
    type Exception = ExceptionCode;
    type Future = future::Ready<Answered>;

    fn call(&self, SlaveRequest { slave, request }: Self::Request) -> Self::Future {
        future::ready(self.answer(slave, request))
    }
}

impl From<No> for ExceptionCode {
    fn from(no: No) -> Self {
        match no {
            No::Address => Self::IllegalDataAddress,
            No::Value => Self::IllegalDataValue,
            No::Table => Self::IllegalFunction,
        }
    }
}
