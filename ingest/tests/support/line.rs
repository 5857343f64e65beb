//! Serial lines to test on: a pair of ptys made by socat, and RTU over TCP in the test's own hands, byte for byte.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Two serial ports and the cable between them. Dropped, both ports are gone.
pub struct Cable {
    socat: Child,
    near: PathBuf,
    far: PathBuf,
    folder: Option<tempfile::TempDir>,
}

impl Cable {
    pub fn lay() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut cable = Self::lay_in(folder.path());
        cable.folder = Some(folder);
        cable
    }
    pub fn lay_in(folder: &Path) -> Self {
        let (near, far) = (folder.join("near"), folder.join("far"));
        let pty = |path: &Path| format!("pty,raw,echo=0,link={}", path.display());
        let socat = Command::new("socat").arg(pty(&near)).arg(pty(&far)).stderr(Stdio::null()).spawn().expect("socat starts; apt-get install socat");
        let until = Instant::now() + Duration::from_secs(10);
        while !(near.exists() && far.exists()) {
            assert!(Instant::now() < until, "socat makes no ptys");
            std::thread::sleep(Duration::from_millis(5));
        }
        Self { socat, near, far, folder: None }
    }
    pub fn near(&self) -> &Path {
        &self.near
    }
    pub fn far(&self) -> &Path {
        &self.far
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        drop(self.socat.kill());
        drop(self.socat.wait());
        // Killed, it leaves its links behind.
        drop(std::fs::remove_file(&self.near));
        drop(std::fs::remove_file(&self.far));
        drop(self.folder.take());
    }
}

/// With its checksum, which is computed here anew so that the product's own is not held against itself.
pub fn framed(content: &[u8]) -> Vec<u8> {
    let mut crc = 0xFFFFu16;
    for byte in content {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc % 2 == 1 { (crc / 2) ^ 0xA001 } else { crc / 2 };
        }
    }
    [content, &[crc as u8, (crc / 256) as u8]].concat()
}

/// What a bus remembers, however often somebody connects to it.
#[derive(Default)]
pub struct Bus {
    pub asked: usize,
    pub held: Vec<u8>,
}

/// Between two pieces of an answer: longer than it takes somebody to be content with the first.
const PIECES_APART: Duration = Duration::from_millis(60);

/// A bus behind a converter. It answers each frame of eight bytes with the pieces that it is told to, one after the other.
pub struct Line {
    pub address: SocketAddr,
    bus: Arc<Mutex<Bus>>,
    serving: JoinHandle<()>,
}

impl Line {
    pub async fn new(mut answer: impl FnMut(&mut Bus, &[u8]) -> Vec<Vec<u8>> + Send + 'static) -> Self {
        let (listener, address) = listener().await;
        let bus: Arc<Mutex<Bus>> = Arc::default();
        let of_task = bus.clone();
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut question = [0; 8];
                while stream.read_exact(&mut question).await.is_ok() {
                    let pieces = answer(&mut of_task.lock().unwrap(), &question);
                    for (number, piece) in pieces.iter().enumerate() {
                        tokio::time::sleep(PIECES_APART * u32::from(number > 0)).await;
                        // Whoever has hung up says so at the next question.
                        drop(stream.write_all(piece).await);
                    }
                }
            }
        });
        Self { address, bus, serving }
    }
    /// Speaks without end and without being asked.
    pub async fn babbling() -> Self {
        let (listener, address) = listener().await;
        let bus: Arc<Mutex<Bus>> = Arc::default();
        let of_task = bus.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                babble(stream, &of_task).await;
            }
        });
        Self { address, bus, serving }
    }
    pub fn questions(&self) -> usize {
        self.bus.lock().unwrap().asked
    }
    /// The answer to a question for registers, all of which hold this.
    pub fn register(question: &[u8], holds: u16) -> Vec<u8> {
        let count = question[5];
        let mut content = vec![question[0], question[1], count * 2];
        (0..count).for_each(|_| content.extend(holds.to_be_bytes()));
        framed(&content)
    }
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn babble(mut stream: TcpStream, bus: &Mutex<Bus>) {
    let mut question = [0; 8];
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    loop {
        tokio::select! {
            read = stream.read(&mut question) => match read {
                Ok(1..) => bus.lock().unwrap().asked += 1,
                _ => return,
            },
            _ = pace.tick() => if stream.write_all(&[0x55]).await.is_err() {
                return;
            },
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
