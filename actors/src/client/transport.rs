//! How bytes reach a broker: a seam, so that a client can talk to a broker in its process, or to
//! a simulated one.

use std::io;

use futures_util::future::LocalBoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A connection's bytes, in both directions.
pub trait ByteStream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> ByteStream for T {}

/// Makes connections.
pub trait Transport: Send + Sync {
    /// Connects to a broker's listener.
    fn connect<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> LocalBoxFuture<'a, io::Result<Box<dyn ByteStream>>>;
}

/// Plain TCP.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Transport for Tcp {
    fn connect<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> LocalBoxFuture<'a, io::Result<Box<dyn ByteStream>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, port)).await;
            // the kind that the resolver gives has no name
            let found = found.map_err(|error| io::Error::new(io::ErrorKind::NotFound, error))?;
            let stream = TcpStream::connect(&*found.collect::<Vec<_>>()).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn ByteStream>)
        })
    }
}
