//! A client of a few lines, for what no client library would send.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};

/// The longest a response may take.
const LIMIT: Duration = Duration::from_secs(20);

/// One connection, used by one thread, that waits for every answer.
#[derive(Debug)]
pub struct BareClient {
    stream: TcpStream,
    next_correlation_id: i32,
}

impl BareClient {
    /// Connects to a broker.
    ///
    /// # Errors
    /// As [`TcpStream::connect`].
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        Ok(Self { stream, next_correlation_id: 0 })
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// The connection closed, the answer took too long or does not parse.
    pub fn ask<R>(&mut self, version: i16, request: &R) -> io::Result<R::Response>
    where
        R: Request + Encodable + HeaderVersion,
        R::Response: Decodable + HeaderVersion,
    {
        self.next_correlation_id += 1;
        let frame = request_frame(version, self.next_correlation_id, request);
        self.send(&frame)?;
        let mut answer = self.receive()?;
        let header_version = <R::Response as HeaderVersion>::header_version(version);
        let header = ResponseHeader::decode(&mut answer, header_version).map_err(bad)?;
        assert_eq!(header.correlation_id, self.next_correlation_id, "answers came out of order");
        R::Response::decode(&mut answer, version).map_err(bad)
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// The connection closed.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Waits for one response, without its length.
    ///
    /// # Errors
    /// The connection closed or the answer took too long.
    pub fn receive(&mut self) -> io::Result<Bytes> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = usize::try_from(i32::from_be_bytes(length)).map_err(bad)?;
        let mut frame = vec![0; length];
        self.stream.read_exact(&mut frame)?;
        Ok(frame.into())
    }

    /// Whether the broker closes the connection, without a byte, before the limit.
    pub fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(read) => read == 0,
            Err(error) => {
                !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
            }
        }
    }

    /// The socket itself.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }
}

fn bad<E: std::fmt::Debug>(error: E) -> io::Error {
    io::Error::other(format!("{error:?}"))
}

/// A whole frame: length, header, body.
pub fn request_frame<R>(version: i16, correlation_id: i32, request: &R) -> Bytes
where
    R: Request + Encodable + HeaderVersion,
{
    let mut body = BytesMut::new();
    RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_correlation_id(correlation_id)
        .with_client_id(Some(StrBytes::from_static_str("raw")))
        .encode(&mut body, R::header_version(version))
        .expect("the header fits");
    request.encode(&mut body, version).expect("the request fits its version");
    framed(&body)
}

/// `body` behind its length.
pub fn framed(body: &[u8]) -> Bytes {
    let length = i32::try_from(body.len()).expect("a frame of less than 2 GiB");
    let mut frame = BytesMut::from(&length.to_be_bytes()[..]);
    frame.extend_from_slice(body);
    frame.freeze()
}
