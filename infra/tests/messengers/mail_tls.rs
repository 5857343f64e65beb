//! TLS before a mail server that speaks none: from the first byte, or after STARTTLS. The certificate is for these tests alone.

use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// Of `localhost` and `127.0.0.1`.
pub const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/messengers/mail.crt");
const KEY: &[u8] = include_bytes!("mail.key");

pub struct Proxy {
    port: u16,
    task: JoinHandle<()>,
}

impl Proxy {
    pub async fn tls(server: SocketAddr) -> Self {
        Self::start(server, false).await
    }
    pub async fn starttls(server: SocketAddr) -> Self {
        Self::start(server, true).await
    }
    pub fn port(&self) -> u16 {
        self.port
    }

    async fn start(server: SocketAddr, asks_first: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = acceptor();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move { pass_on(stream, &acceptor, server, asks_first).await });
            }
        });
        Self { port, task }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("mail.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions().unwrap();
    TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap()))
}

async fn pass_on(mut stream: TcpStream, acceptor: &TlsAcceptor, server: SocketAddr, asks_first: bool) -> Option<()> {
    if asks_first {
        let (reading, mut writing) = stream.split();
        let mut reading = BufReader::new(reading);
        writing.write_all(b"220 proxy ESMTP\r\n").await.ok()?;
        loop {
            let mut line = String::new();
            reading.read_line(&mut line).await.ok().filter(|length| *length > 0)?;
            if line.starts_with("STARTTLS") {
                writing.write_all(b"220 2.0.0 go ahead\r\n").await.ok()?;
                break;
            }
            writing.write_all(b"250-proxy\r\n250 STARTTLS\r\n").await.ok()?;
        }
    }
    let mut inside = acceptor.accept(stream).await.ok()?;
    let mut behind = BufReader::new(TcpStream::connect(server).await.ok()?);
    if asks_first {
        // Its greeting was said already.
        behind.read_line(&mut String::new()).await.ok()?;
    }
    copy_bidirectional(&mut inside, &mut behind).await.ok().map(drop)
}
