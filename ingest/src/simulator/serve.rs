//! The simulated plant as a Modbus TCP server: whatever reads a real controller reads this one.

use super::{plant::SimulatedPlant, registers::No};
use crate::modbus::address::Table;
use std::{future, io, net::SocketAddr, sync::Arc};
use tokio::net::{TcpListener, TcpStream};
use tokio_modbus::{
    ExceptionCode, Request, Response, SlaveRequest,
    server::{Service, tcp::Server},
};
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// The unit that answers; 0 and 255 mean the device itself on TCP.
const UNIT: u8 = 1;

/// Serves until stopped. Connections end with it.
pub async fn serve(listener: TcpListener, plant: Arc<SimulatedPlant>, stop: CancellationToken) -> io::Result<()> {
    let accept = move |stream: TcpStream, _from: SocketAddr| {
        let controller = Controller { plant: plant.clone() };
        future::ready(stream.set_nodelay(true).map(|()| Some((controller, stream))))
    };
    let broken = |error: io::Error| debug!(error = &error as &dyn std::error::Error, "a collector left the simulated plant: {error}");
    Server::new(listener).serve_until(&accept, broken, stop.cancelled_owned()).await.map(|_terminated| ())
}

struct Controller {
    plant: Arc<SimulatedPlant>,
}

impl Controller {
    fn answer(&self, request: Request<'_>) -> Result<Response, ExceptionCode> {
        let read = |table, start, count| self.plant.read(table, start, count).map_err(ExceptionCode::from);
        match request {
            Request::ReadInputRegisters(start, count) => Ok(Response::ReadInputRegisters(read(Table::Input, start, count)?)),
            Request::ReadHoldingRegisters(start, count) => Ok(Response::ReadHoldingRegisters(read(Table::Holding, start, count)?)),
            Request::WriteMultipleRegisters(start, words) => {
                self.plant.write(start, &words)?;
                Ok(Response::WriteMultipleRegisters(start, words.len() as u16))
            }
            _ => Err(ExceptionCode::IllegalFunction),
        }
    }
}

impl Service for Controller {
    type Request = SlaveRequest<'static>;
    type Response = Response;
    type Exception = ExceptionCode;
    type Future = future::Ready<Result<Response, ExceptionCode>>;

    fn call(&self, SlaveRequest { slave, request }: Self::Request) -> Self::Future {
        let is_ours = matches!(slave, UNIT | 0 | 255);
        future::ready(if is_ours { self.answer(request) } else { Err(ExceptionCode::GatewayTargetDevice) })
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
