//! A bus: several units on one serial line, reached through a port of this machine or a converter on the network. They take turns.
//!
//! `frame` is what an answer may be, `one_answer` the stream that lets nothing else through, `owed` what may still come late, `config` what a
//! person writes. Here a line is opened, and waited for until it is quiet.

pub mod config;
mod frame;
mod one_answer;
mod owed;

pub(super) use one_answer::OneAnswer;
pub(super) use owed::Shape;

use config::{Parity, SerialPort};
use owed::Owed;
use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_serial::{DataBits, ErrorKind, FlowControl, SerialStream, StopBits};

/// How the units are reached, and what they may still answer.
#[derive(Debug, Clone)]
pub(crate) struct Bus {
    end: End,
    /// The adapter hears what it sends.
    pub(super) echo: bool,
    /// Between two frames.
    pause: Duration,
    /// How long it may take until the line is quiet.
    patience: Duration,
    owed: Arc<Mutex<Owed>>,
}

/// Our end of the line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    Port(SerialPort),
    Converter { address: String },
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(f, "{port}"),
            Self::Converter { address } => f.write_str(address),
        }
    }
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Bus {
    /// A quiet line, ready for the first question.
    pub(super) async fn open(&self) -> io::Result<Box<dyn Stream>> {
        let mut stream: Box<dyn Stream> = match &self.end {
            End::Port(port) => Box::new(port.open()?),
            End::Converter { address } => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
        };
        let quiet = self.owed().quiet().min(self.patience * 2 / 3);
        let late = settle(&mut stream, quiet, self.patience).await?;
        self.owed().settled(late > 0);
        Ok(stream)
    }

    pub(super) fn alone_on(&self) -> (&'static str, String) {
        self.end.alone_on()
    }
    fn owed(&self) -> MutexGuard<'_, Owed> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Discards what comes until nothing has come for so long. Says how many bytes that were.
async fn settle(stream: &mut (impl AsyncRead + Unpin), quiet: Duration, patience: Duration) -> io::Result<usize> {
    let until = Instant::now() + patience;
    let mut discarded = 0;
    let mut bytes = [0; 1_024];
    loop {
        // Looked at each time: bytes that come without a pause would never let a timer have its turn.
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::other(never_quiet(discarded, patience)));
        }
        match timeout(quiet.min(left), stream.read(&mut bytes)).await {
            Ok(Ok(0)) => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the other end hung up at once")),
            Ok(Ok(count)) => discarded += count,
            Ok(Err(error)) => return Err(error),
            Err(_elapsed) if quiet <= left => return Ok(discarded),
            Err(_elapsed) => {}
        }
    }
}

fn never_quiet(discarded: usize, patience: Duration) -> String {
    let ms = patience.as_millis();
    format!(
        "the line does not go quiet: {discarded} bytes that nobody asked for came within {ms} ms; look for a second master, for noise on a line without termination, and at baud rate and parity"
    )
}

impl SerialPort {
    /// Opened for us alone.
    fn open(&self) -> io::Result<SerialStream> {
        let parity = match self.parity {
            Parity::None => tokio_serial::Parity::None,
            Parity::Even => tokio_serial::Parity::Even,
            Parity::Odd => tokio_serial::Parity::Odd,
        };
        let stop_bits = if self.stop_bits == 2 { StopBits::Two } else { StopBits::One };
        let port = tokio_serial::new(&self.path, self.baud_rate).data_bits(DataBits::Eight).flow_control(FlowControl::None);
        SerialStream::open(&port.parity(parity).stop_bits(stop_bits)).map_err(|error| {
            let advice = match error.kind() {
                ErrorKind::Io(io::ErrorKind::PermissionDenied) => "; add the user to the port's group, often `dialout`",
                ErrorKind::Io(io::ErrorKind::NotFound) => "; is the adapter plugged in? /dev/serial/by-id lists what is",
                ErrorKind::NoDevice => "; is another program using it, or the adapter unplugged?",
                _ => "",
            };
            io::Error::other(format!("{error}{advice}"))
        })
    }
}

/// An open line, while questions go over it one after the other.
pub(super) struct Turns {
    bus: Bus,
    last_frame: Instant,
}

impl Turns {
    pub(super) fn on(bus: &Bus) -> Self {
        Self { bus: bus.clone(), last_frame: Instant::now() }
    }
    /// Units take a silence for the end of a frame, so the next one begins only after it.
    pub(super) async fn next(&mut self, unit: u8, shape: Shape) {
        tokio::time::sleep(self.bus.pause.saturating_sub(self.last_frame.elapsed())).await;
        self.bus.owed().asks(unit, shape, Instant::now());
    }
    pub(super) fn answered(&mut self) {
        self.last_frame = Instant::now();
        self.bus.owed().answered();
    }
    /// What has to be asked for first, if an older answer could pass for the answer to this question.
    pub(super) fn asks_first(&self, unit: u8, function: u8, count: u16) -> Option<u16> {
        self.bus.owed().asks_first(unit, function, count, Instant::now())
    }
    pub(super) fn leaves_time(&self, took: Duration) -> bool {
        self.bus.owed().leaves_time(took)
    }
}

impl Drop for Turns {
    /// A question that is on its way when the line is dropped may yet be answered.
    fn drop(&mut self) {
        self.bus.owed().given_up(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncWriteExt, duplex};

    const QUIET: Duration = Duration::from_millis(40);

    #[tokio::test]
    async fn what_comes_late_is_discarded_until_the_line_is_quiet() {
        let (mut near, mut far) = duplex(1_024);
        far.write_all(&[1, 2, 3]).await.unwrap();
        assert_eq!(settle(&mut near, QUIET, QUIET * 10).await.unwrap(), 3);
        assert_eq!(settle(&mut near, QUIET, QUIET * 10).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_line_that_never_goes_quiet_is_an_error_that_says_so() {
        let refused = settle(&mut tokio::io::repeat(7), QUIET, QUIET * 2).await.unwrap_err().to_string();
        assert!(refused.contains("does not go quiet") && refused.contains("second master"), "{refused}");
    }

    #[tokio::test]
    async fn a_port_that_is_not_there_says_what_to_look_at() {
        let port = SerialPort { path: "/dev/no-such-port".into(), baud_rate: 19_200, parity: Parity::Even, stop_bits: 1 };
        let refused = port.open().unwrap_err().to_string();
        assert!(refused.contains("plugged in"), "{refused}");
    }
}
