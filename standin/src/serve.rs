//! A server on a free port of this machine, for as long as its handle lives.

use crate::faults::{Faults, stand_before};
use axum::{Router, middleware};
use std::{io, net::SocketAddr};
use tokio::{net::TcpListener, task::JoinHandle};

pub struct Served {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Served {
    pub fn address(&self) -> SocketAddr {
        self.address
    }
    /// `http://127.0.0.1:<port>`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
    /// From now on nobody listens there.
    pub fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub async fn serve(routes: Router, faults: Faults) -> io::Result<Served> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let routes = routes.layer(middleware::from_fn_with_state(faults, stand_before));
    let task = tokio::spawn(async move {
        // Ends only when it is aborted.
        axum::serve(listener, routes).await.unwrap_or_default();
    });
    Ok(Served { address, task })
}
