//! Serving the page: plain on loopback, or over TLS with a certificate that is read again when its file changes.

use super::connections::{Bounded, MOST_CONNECTIONS};
use crate::settings::Http;
use anyhow::{Context, Result};
use axum_server::{Handle, tls_rustls::RustlsConfig};
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto::Builder,
};
use millwright_graphql::AppState;
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    time::{Duration, SystemTime},
};
use tokio_util::sync::CancellationToken;

/// Who has not sent the head of a request by then sends it too slowly on purpose.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// A connection of HTTP/2 that does not answer a ping is closed.
const PING: Duration = Duration::from_secs(30);
const PONG_WITHIN: Duration = Duration::from_secs(20);
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
                let config = RustlsConfig::from_pem_file(certificate, key).await;
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
                    let mut server = axum_server::from_tcp(listener)?.handle(handle).map(|accept| Bounded::to(MOST_CONNECTIONS, accept));
                    impatient(server.http_builder());
                    server.serve(service).await
                }
                Some((config, files)) => {
                    let renewing = tokio::spawn(renew(config.clone(), files, stop));
                    let server = axum_server::from_tcp_rustls(listener, config)?.handle(handle);
                    let mut server = server.map(|accept| Bounded::to(MOST_CONNECTIONS, accept));
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

/// Nobody keeps a place without using it.
fn impatient(builder: &mut Builder<TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(PING).keep_alive_timeout(PONG_WITHIN);
}

async fn stop_with(handle: Handle<SocketAddr>, stop: CancellationToken) {
    stop.cancelled().await;
    handle.graceful_shutdown(Some(DRAIN));
}

/// A certificate that cannot be read leaves the one that is in use.
async fn renew(config: RustlsConfig, [certificate, key]: [PathBuf; 2], stop: CancellationToken) {
    let changed = || [&certificate, &key].map(|file| fs::metadata(file).and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH));
    let mut seen = changed();
    while stop.run_until_cancelled(tokio::time::sleep(LOOK_FOR_CERTIFICATE)).await.is_some() {
        let now = changed();
        if now == seen {
            continue;
        }
        seen = now;
        match config.reload_from_pem_file(&certificate, &key).await {
            Ok(()) => tracing::info!(certificate = %certificate.display(), "a newer certificate is in use"),
            Err(error) => {
                tracing::error!(certificate = %certificate.display(), %error, "the newer certificate cannot be used; the former one stays");
            }
        }
    }
}
