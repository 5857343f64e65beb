//! One connection, on rust-snap7: the only file that knows the vendor's client.
//!
//! Snap7 blocks, so a thread of its own does one job after the other. Whoever drops a job half-way drops the connection with it: the relay
//! then closes the device's socket and ends Snap7's waiting, and the thread goes home. Nothing in Snap7 connects or sends again by itself.

use super::{
    address::Area,
    config::{Connection, Way},
    decode::Outgoing,
    plan::Item,
    relay::Relay,
};
use crate::{
    gate::Gate,
    protocol::{CannotConnect, Refusal, WireError, with_causes},
};
use rust_snap7::{AreaTable, ConnType, InternalParam, InternalParamValue, S7Client, TS7DataItem, WordLenTable};
use std::{
    sync::{Arc, mpsc},
    thread,
};
use tokio::{net::TcpStream, sync::oneshot};

/// Longer than the caller waits; the relay ends it before.
const PATIENCE_MS: i32 = 90_000;
/// For the loopback alone.
const LOOPBACK_MS: i32 = 5_000;

/// The bytes of an item, or why there are none.
type Piece = Result<Vec<u8>, Refusal>;

enum Job {
    Read(Vec<Item>, oneshot::Sender<Result<Vec<Piece>, Failed>>),
    Write(Outgoing, oneshot::Sender<Result<(), Failed>>),
}

/// Snap7's own words for what went wrong, with its number.
struct Failed {
    code: i32,
    text: String,
}

pub struct Line {
    jobs: mpsc::SyncSender<Job>,
    relay: Relay,
}

impl Line {
    /// The caller limits the time. Dropped half-way, it leaves a thread that ends by itself.
    pub async fn open(way: &Way) -> Result<Self, CannotConnect> {
        let refused = |cause: std::io::Error| CannotConnect(cause.to_string());
        let device = TcpStream::connect(&way.address).await.map_err(refused)?;
        device.set_nodelay(true).map_err(refused)?;
        let relay = Relay::to(device).await?;
        let (ready, is_ready) = oneshot::channel();
        let (jobs, to_do) = mpsc::sync_channel(1);
        let (wanted, way, port) = (i32::from(way.frame), way.clone(), relay.port);
        thread::Builder::new().name("s7".into()).spawn(move || work(&way, port, ready, &to_do)).map_err(refused)?;
        match is_ready.await {
            Ok(Ok(agreed)) if agreed >= wanted => Ok(Self { jobs, relay }),
            Ok(Ok(agreed)) => Err(CannotConnect(format!("the controller takes frames of {agreed} bytes, not of {wanted}; lower pdu_bytes"))),
            Ok(Err(Failed { text, .. })) => Err(CannotConnect(with_causes(&relay.why(&text)))),
            Err(_gone) => Err(CannotConnect("Snap7 ended without a word".into())),
        }
    }

    /// One exchange for items that fit into one. The caller drops the line on every error, and on a timeout of its own.
    pub async fn read(&mut self, items: &[Item]) -> Result<Vec<Piece>, WireError> {
        if items.is_empty() {
            return Ok(vec![]);
        }
        let (answer, answered) = oneshot::channel();
        self.begin(Job::Read(items.to_vec(), answer))?;
        match answered.await {
            Ok(Ok(pieces)) => Ok(pieces),
            Ok(Err(failed)) => match failed.refusal() {
                Some(refusal) => Ok(items.iter().map(|_item| Err(refusal.clone())).collect()),
                None => Err(self.relay.why(&failed.text)),
            },
            Err(_gone) => Err(self.relay.why("Snap7 ended without a word")),
        }
    }

    /// Sends once, if the gate is open in the step before the first byte.
    pub async fn write(&mut self, outgoing: Outgoing, gate: &Arc<Gate>) -> Result<(), WireError> {
        let _passage = self.relay.open_for(gate);
        let (answer, answered) = oneshot::channel();
        self.begin(Job::Write(outgoing, answer))?;
        match answered.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failed)) => Err(failed.refusal().map_or_else(|| self.relay.why(&failed.text), WireError::Refused)),
            Err(_gone) => Err(self.relay.why("Snap7 ended without a word")),
        }
    }

    fn begin(&self, job: Job) -> Result<(), WireError> {
        self.jobs.try_send(job).map_err(|_full_or_gone| self.relay.why("an earlier question is still being asked"))
    }
}

/// The thread: connects, then does what it is told until nobody is left to tell it.
fn work(way: &Way, port: u16, ready: oneshot::Sender<Result<i32, Failed>>, jobs: &mpsc::Receiver<Job>) {
    let client = S7Client::create();
    let connected = connect(&client, way, port);
    let is_connected = connected.is_ok();
    if ready.send(connected).is_err() || !is_connected {
        return;
    }
    // Whoever has stopped waiting for an answer needs none.
    while let Ok(job) = jobs.recv() {
        match job {
            Job::Read(items, answer) => drop(answer.send(read(&client, &items))),
            Job::Write(outgoing, answer) => drop(answer.send(write(&client, outgoing))),
        }
    }
}

/// The length of the frames that were agreed on.
fn connect(client: &S7Client, way: &Way, port: u16) -> Result<i32, Failed> {
    let kind = match way.connection {
        Connection::Pg => ConnType::PG,
        Connection::Op => ConnType::OP,
        Connection::Basic => ConnType::S7Basic(3),
    };
    let mut agreed = 0;
    let settings = [
        (InternalParam::RemotePort, InternalParamValue::U16(port)),
        (InternalParam::PingTimeout, InternalParamValue::I32(LOOPBACK_MS)),
        (InternalParam::SendTimeout, InternalParamValue::I32(LOOPBACK_MS)),
        (InternalParam::RecvTimeout, InternalParamValue::I32(PATIENCE_MS)),
        (InternalParam::PDURequest, InternalParamValue::I32(way.frame.into())),
    ];
    let done = settings
        .into_iter()
        .try_for_each(|(name, value)| client.set_param(name, value))
        .and_then(|()| client.set_connection_type(kind))
        .and_then(|()| client.connect_to("127.0.0.1", way.rack.into(), way.slot.into()))
        .and_then(|()| client.get_pdu_length(&mut 0, &mut agreed));
    done.map(|()| agreed).map_err(|_cause| Failed::last(client))
}

fn area(area: Area) -> (AreaTable, i32) {
    match area {
        Area::Block(number) => (AreaTable::S7AreaDB, number.into()),
        Area::Memory => (AreaTable::S7AreaMK, 0),
        Area::Input => (AreaTable::S7AreaPE, 0),
        Area::Output => (AreaTable::S7AreaPA, 0),
    }
}

fn read(client: &S7Client, items: &[Item]) -> Result<Vec<Piece>, Failed> {
    // Snap7 copies into these what the answer holds; the relay has seen to it that this is exactly as much as was asked for.
    let mut buffers: Vec<Vec<u8>> = items.iter().map(|item| vec![0; item.width.into()]).collect();
    let question = |(item, buffer): (&Item, &mut Vec<u8>)| {
        let (area, block) = area(item.area);
        TS7DataItem {
            Area: area as i32,
            WordLen: WordLenTable::S7WLByte as i32,
            Result: 0,
            DBNumber: block,
            Start: item.start.into(),
            Amount: item.width.into(),
            pdata: buffer.as_mut_ptr().cast(),
        }
    };
    let mut questions: Vec<TS7DataItem> = items.iter().zip(&mut buffers).map(question).collect();
    let count = i32::try_from(questions.len()).unwrap_or(i32::MAX);
    client.read_multi_vars(&mut questions, count).map_err(|_cause| Failed::last(client))?;
    let piece = |(question, buffer): (TS7DataItem, Vec<u8>)| match question.Result {
        0 => Ok(buffer),
        code => Err(Failed::coded(code).refusal().unwrap_or_else(|| Refusal::Fault(S7Client::error_text(code)))),
    };
    Ok(questions.into_iter().zip(buffers).map(piece).collect())
}

fn write(client: &S7Client, mut outgoing: Outgoing) -> Result<(), Failed> {
    let (area, block) = area(outgoing.area);
    let byte = i32::from(outgoing.byte);
    let (start, unit, amount) = match outgoing.bit {
        Some(bit) => (byte * 8 + i32::from(bit), WordLenTable::S7WLBit, 1),
        None => (byte, WordLenTable::S7WLByte, i32::try_from(outgoing.bytes.len()).unwrap_or(i32::MAX)),
    };
    client.write_area(area, block, start, amount, unit, &mut outgoing.bytes).map_err(|_cause| Failed::last(client))
}

impl Failed {
    fn coded(code: i32) -> Self {
        Self { code, text: S7Client::error_text(code) }
    }
    fn last(client: &S7Client) -> Self {
        let mut code = 0;
        // It only hands out a number that it keeps.
        drop(client.get_last_error(&mut code));
        Self::coded(code)
    }

    /// If it was the controller that said no. The lower bits would be the connection's.
    fn refusal(&self) -> Option<Refusal> {
        let address = |why: &str| Some(Refusal::Address(why.into()));
        match self.code {
            0x0090_0000 => address("the controller has no such byte; check the address, and how long the data block is"),
            0x00A0_0000 | 0x00B0_0000 | 0x00D0_0000 => address("the controller does not take this type or length at this place"),
            0x00C0_0000 => address("the controller has no such block or area; check its number, and that `optimized block access` is off"),
            0x0140_0000 => address("the controller does not permit it; allow access with PUT/GET in its protection settings"),
            0x01D0_0000 | 0x01E0_0000 => address("the controller asks for a password; allow reading and writing in its protection settings"),
            0x0230_0000 => Some(Refusal::Fault("the controller refuses it; check its protection level, and whether it reports a fault".into())),
            _ => None,
        }
    }
}
