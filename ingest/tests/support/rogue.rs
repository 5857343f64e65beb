//! A device that answers what a test tells it to, byte for byte, so that no library comes between.

use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Answers each request for one register with what `answer` makes of the request; no answer leaves it waiting, an empty one closes the connection.
pub async fn rogue(answer: impl Fn(usize, [u8; 12]) -> Option<Vec<u8>> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        for connection in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0u8; 12];
                while stream.read_exact(&mut request).await.is_ok() {
                    let Some(bytes) = answer(connection, request) else { continue };
                    if bytes.is_empty() || stream.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

/// An honest answer: the register holds its own address, whatever is written to it.
pub fn honest(request: [u8; 12]) -> Vec<u8> {
    let [t1, t2, _, _, _, _, unit, function, a1, a2, _, _] = request;
    if function == 6 {
        return request.to_vec();
    }
    vec![t1, t2, 0, 0, 0, 5, unit, function, 2, a1, a2]
}
