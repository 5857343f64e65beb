//! Serving the page: plain on loopback, or over TLS with a certificate that is read again when its file changes.

use super::connections::{Bounded, PLACES};
use crate::settings::Http;
use anyhow::{Context, Result};
use axum_server::{Handle, tls_rustls::RustlsConfig};
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto::Builder,
};
use millwright_graphql::AppState;
use std::{
    fs, io, mem,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio_util::sync::CancellationToken;

/// Who has not sent the head of a request by then sends it too slowly on purpose.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// What is being answered when we stop may still be answered.
const DRAIN: Duration = Duration::from_secs(10);
/// How often it is looked whether there is a newer certificate.
const LOOK_FOR_CERTIFICATE: Duration = Duration::from_secs(30);

pub struct Served {
    listener: TcpListener,
    tls: Option<(RustlsConfig, [PathBuf; 2])>,
}

impl Served {
    /// Listens, and reads the certificate if there is to be one.
    pub async fn at(http: &Http) -> Result<Self> {
        let listener = TcpListener::bind(http.listen)
            .with_context(|| format!("could not listen on {}; is another millwright running? --listen takes another", http.listen))?;
        listener.set_nonblocking(true).context("could not listen without waiting")?;
        let tls = match http.tls() {
            None => None,
            Some([certificate, key]) => {
                let config = read(certificate, key).await;
                let config = config.with_context(|| format!("{} and {} are no certificate and key in PEM", certificate.display(), key.display()))?;
                Some((config, [certificate.clone(), key.clone()]))
            }
        };
        Ok(Self { listener, tls })
    }

    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().context("the page has no address")
    }

    pub async fn serve(self, state: AppState, stop: CancellationToken) {
        let handle = Handle::new();
        let stopping = stop_with(handle.clone(), stop.clone());
        let service = millwright_graphql::router(state).into_make_service_with_connect_info::<SocketAddr>();
        let Self { listener, tls } = self;
        let serving = async {
            match tls {
                None => {
                    let mut server =
                        axum_server::from_tcp(listener)?.handle(handle).map(|accept| Bounded::to(PLACES, accept)).first_request_timeout(HEAD_WITHIN);
                    impatient(server.http_builder());
                    server.serve(service).await
                }
                Some((config, files)) => {
                    let renewing = tokio::spawn(renew(config.clone(), files, LOOK_FOR_CERTIFICATE, stop));
                    let server = axum_server::from_tcp_rustls(listener, config)?.handle(handle);
                    let mut server = server.map(|accept| Bounded::to(PLACES, accept)).first_request_timeout(HEAD_WITHIN);
                    impatient(server.http_builder());
                    let served = server.serve(service).await;
                    renewing.abort();
                    served
                }
            }
        };
        let (served, ()) = tokio::join!(serving, stopping);
        if let Err(error) = served {
            tracing::error!(%error, "the page stopped being served");
        }
    }
}

/// Nobody keeps a place without using it. HTTP/1.1 alone: who speaks HTTP/2 keeps one for ever by answering pings.
fn impatient(builder: &mut Builder<TokioExecutor>) {
    *builder = mem::replace(builder, Builder::new(TokioExecutor::new())).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
}

async fn read(certificate: &Path, key: &Path) -> io::Result<RustlsConfig> {
    let config = RustlsConfig::from_pem_file(certificate, key).await?;
    let mut offered = (*config.get_inner()).clone();
    offered.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.reload_from_config(Arc::new(offered));
    Ok(config)
}

async fn stop_with(handle: Handle<SocketAddr>, stop: CancellationToken) {
    stop.cancelled().await;
    handle.graceful_shutdown(Some(DRAIN));
}

/// A certificate that cannot be read leaves the one that is in use.
async fn renew(config: RustlsConfig, [certificate, key]: [PathBuf; 2], every: Duration, stop: CancellationToken) {
    let changed = || [&certificate, &key].map(|file| fs::metadata(file).and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH));
    let mut seen = changed();
    while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        let now = changed();
        if now == seen {
            continue;
        }
        seen = now;
        match read(&certificate, &key).await.map(|newer| config.reload_from_config(newer.get_inner())) {
            Ok(()) => tracing::info!(certificate = %certificate.display(), "a newer certificate is in use"),
            Err(error) => {
                tracing::error!(certificate = %certificate.display(), %error, "the newer certificate cannot be used; the former one stays");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    };
    use std::process::Command;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    /// A certificate for localhost and its key, in the two files that the program reads.
    fn certificate([certificate, key]: &[PathBuf; 2]) -> CertificateDer<'static> {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
            .args([Path::new("-keyout"), key, Path::new("-out"), certificate])
            .output();
        assert!(made.unwrap().status.success(), "openssl makes a certificate");
        CertificateDer::from_pem_file(certificate).unwrap()
    }

    /// Whether somebody who trusts this certificate alone gets through; with HTTP/1.1, whatever she would rather speak.
    async fn shows(config: &RustlsConfig, wanted: &CertificateDer<'static>) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(wanted.clone()).unwrap();
        let mut client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let (ours, theirs) = tokio::io::duplex(1 << 14);
        let connector = TlsConnector::from(Arc::new(client));
        let name = ServerName::try_from("localhost").unwrap();
        let (_, asked) = tokio::join!(TlsAcceptor::from(config.get_inner()).accept(ours), connector.connect(name, theirs));
        asked.is_ok_and(|asked| asked.get_ref().1.alpn_protocol() == Some(b"http/1.1"))
    }

    #[tokio::test(start_paused = true)]
    async fn a_newer_certificate_is_shown_from_the_next_look_on_and_one_that_cannot_be_read_never() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["certificate.pem", "key.pem"].map(|file| folder.path().join(file));
        let first = certificate(&files);
        let config = read(&files[0], &files[1]).await.unwrap();
        let stop = CancellationToken::new();
        let renewing = tokio::spawn(renew(config.clone(), files.clone(), LOOK_FOR_CERTIFICATE, stop.clone()));
        tokio::time::sleep(LOOK_FOR_CERTIFICATE / 2).await;
        let newer = certificate(&files);
        // The clock of the files is not the test's.
        let later =
            |seconds| fs::File::options().append(true).open(&files[0]).unwrap().set_modified(SystemTime::now() + Duration::from_secs(seconds));
        later(10).unwrap();
        assert!(shows(&config, &first).await && !shows(&config, &newer).await, "nobody has looked yet");
        tokio::time::sleep(LOOK_FOR_CERTIFICATE).await;
        assert!(shows(&config, &newer).await && !shows(&config, &first).await);
        fs::write(&files[0], "half of a certif").unwrap();
        later(20).unwrap();
        tokio::time::sleep(LOOK_FOR_CERTIFICATE * 2).await;
        assert!(shows(&config, &newer).await);
        stop.cancel();
        renewing.await.unwrap();
    }
}
