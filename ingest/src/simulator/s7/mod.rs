//! The second pump's controller as Siemens S7 clients know it: ISO on TCP, set-up, reading and writing of variables.
//!
//! `block` is the data block that it shows, `frame` the transport, `job` what a client asks and what it is answered. It behaves as an
//! S7-1200 does where clients notice: a PDU of 240 bytes, twenty items in one, a few connections at a time, rack 0 and slot 1 or any other.

mod block;
mod frame;
mod job;

use super::{channel::Channel, channel::Setpoint, plant::SimulatedPlant};
use std::{io, sync::Arc};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// The pump that speaks S7.
pub(super) const PUMP: usize = 1;

/// As many clients as a small controller has room for.
const CONNECTIONS: usize = 16;

/// Where a measured quantity stands, and its scale: `DB1.DBD0:REAL`.
pub(super) fn channel_place(channel: Channel) -> (&'static str, f64) {
    block::channel_place(channel)
}
/// Where a setpoint is given.
pub(super) fn setpoint_place(setpoint: Setpoint) -> &'static str {
    block::setpoint_place(setpoint)
}

/// All bytes of its data block.
#[cfg(test)]
pub(super) fn image(pump: &super::pump::Pump) -> Vec<u8> {
    block::image(pump)
}

/// Serves the second pump until stopped. Connections end with it.
pub async fn serve(listener: TcpListener, plant: Arc<SimulatedPlant>, stop: CancellationToken) -> io::Result<()> {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            Some(_ended) = clients.join_next() => {}
            accepted = listener.accept() => {
                let (stream, _from) = accepted?;
                let Ok(seat) = room.clone().try_acquire_owned() else { continue };
                let plant = plant.clone();
                clients.spawn(async move {
                    if let Err(error) = client(stream, &plant).await {
                        debug!(%error, "an S7 client left the simulated plant");
                    }
                    drop(seat);
                });
            }
        }
    }
}

/// Until it leaves, or says something that is no S7.
async fn client(mut stream: TcpStream, plant: &SimulatedPlant) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut pdu = job::PDU;
    let mut is_connected = false;
    while let Some(packet) = frame::read(&mut stream).await? {
        // What leads to a silent controller swallows everything.
        if !plant.look(PUMP, |pump| pump.is_linked()).unwrap_or(false) {
            continue;
        }
        let answer = match frame::opened(&packet)? {
            frame::Opened::Connect(confirmation) => {
                is_connected = true;
                confirmation
            }
            frame::Opened::Data(asked) if is_connected => frame::data(&job::answered(plant, asked, &mut pdu)?),
            frame::Opened::Data(_) => return Err(frame::wrong("data before the connection")),
        };
        stream.write_all(&answer).await?;
    }
    Ok(())
}
