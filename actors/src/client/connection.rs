//! One connection to one broker: requests go out, answers come back in the same order.
//!
//! A task reads and a task writes; whoever asks waits on a slot of its own, so an asker that goes
//! away disturbs nobody. The connection ends with its handle, and with the first answer that does
//! not come in time: everything behind it would wait for the same broker.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use actix_rt::task::JoinHandle;
use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{ApiVersionsRequest, RequestHeader};
use kafka_protocol::protocol::{Encodable, HeaderVersion, Request, StrBytes};
use ottla_core::wire::{WireError, decode_response};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};

use super::error::ClientError;
use super::transport::ByteStream;

/// Frames that wait for the socket; whoever has more to say waits.
const WRITE_QUEUE: usize = 64;
/// The largest answer that is read: Kafka's own clients ask for 50 MiB at most.
const LARGEST_ANSWER: u64 = 256 << 20;

/// Who waits for which answer.
#[derive(Default)]
struct Pending {
    waiting: VecDeque<(i32, oneshot::Sender<Bytes>)>,
    closed: bool,
}

/// A frame for the socket, and who waits until the socket has it.
struct Outgoing {
    frame: Bytes,
    written: Option<oneshot::Sender<()>>,
}

type Versions = BTreeMap<i16, (i16, i16)>;

/// A connection that has agreed on versions.
pub(crate) struct Connection {
    client_id: StrBytes,
    frames: mpsc::Sender<Outgoing>,
    pending: Rc<RefCell<Pending>>,
    versions: Versions,
    correlation: Cell<i32>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        close(&self.pending);
    }
}

fn close(pending: &RefCell<Pending>) {
    let mut pending = pending.borrow_mut();
    pending.closed = true;
    // each asker sees that its slot is gone
    pending.waiting.clear();
}

impl Connection {
    /// Takes a stream and asks the broker for its versions (KIP-511).
    pub(crate) async fn open(
        stream: Box<dyn ByteStream>,
        client_id: &str,
        timeout: Duration,
    ) -> Result<Self, ClientError> {
        let (reader, writer) = tokio::io::split(stream);
        let pending = Rc::new(RefCell::new(Pending::default()));
        let (frames, queue) = mpsc::channel(WRITE_QUEUE);
        let read = actix_rt::spawn(read(reader, Rc::clone(&pending)));
        let write = actix_rt::spawn(write(writer, queue, Rc::clone(&pending)));
        let mut connection = Self {
            client_id: StrBytes::from_string(client_id.to_owned()),
            frames,
            pending,
            versions: Versions::new(),
            correlation: Cell::new(0),
            tasks: [read, write],
        };
        connection.versions = connection.agree(timeout).await?;
        Ok(connection)
    }

    async fn agree(&self, timeout: Duration) -> Result<Versions, ClientError> {
        let request = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("ottla"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
        let mut body = self.ask(3, &request, timeout).await?;
        // a broker that does not know the version answers in version 0
        let refused = body.clone().try_get_i16().ok();
        let answer = if refused == Some(ResponseError::UnsupportedVersion.code()) {
            let mut body = self.ask(0, &ApiVersionsRequest::default(), timeout).await?;
            decode_response::<ApiVersionsRequest>(&mut body, 0)?
        } else {
            decode_response::<ApiVersionsRequest>(&mut body, 3)?
        };
        ClientError::check(answer.error_code)?;
        let keys = answer.api_keys.iter();
        Ok(keys.map(|api| (api.api_key, (api.min_version, api.max_version))).collect())
    }

    /// Whether no more answers will come.
    pub(crate) fn is_closed(&self) -> bool {
        self.pending.borrow().closed
    }

    /// The highest version of a request, up to `max`, that both sides speak.
    pub(crate) fn version<R: Request>(&self, max: i16) -> Result<i16, ClientError> {
        self.version_within::<R>(R::VERSIONS.min, R::VERSIONS.max.min(max))
    }

    /// The highest version of a request, from `first` to `last`, that the broker speaks too. One
    /// above those that have a form of their own here has the form of the last that has.
    pub(crate) fn version_within<R: Request>(
        &self,
        first: i16,
        last: i16,
    ) -> Result<i16, ClientError> {
        let offered = self.versions.get(&R::KEY).copied();
        match offered.map(|(low, high)| (low.max(first), high.min(last))) {
            Some((low, version)) if low <= version => Ok(version),
            _ => Err(ClientError::Unsupported { key: R::KEY, wanted: (first, last), offered }),
        }
    }

    /// Asks and waits for the answer.
    pub(crate) async fn call<R: Request>(
        &self,
        version: i16,
        request: &R,
        timeout: Duration,
    ) -> Result<R::Response, ClientError> {
        let mut body = self.ask(version, request, timeout).await?;
        Ok(decode_response::<R>(&mut body, form::<R>(version))?)
    }

    /// Sends a request that has no answer (acks=0); returns when the socket has it.
    pub(crate) async fn send<R: Request>(
        &self,
        version: i16,
        request: &R,
    ) -> Result<(), ClientError> {
        let frame = self.frame(version, request)?;
        let (written, done) = oneshot::channel();
        let outgoing = Outgoing { frame, written: Some(written) };
        self.frames.send(outgoing).await.map_err(|_| ClientError::Disconnected)?;
        done.await.map_err(|_| ClientError::Disconnected)
    }

    /// The body of the answer.
    async fn ask<R: Request>(
        &self,
        version: i16,
        request: &R,
        timeout: Duration,
    ) -> Result<Bytes, ClientError> {
        let asked = async {
            // room first: from here on the order of frames and slots is the same
            let room = self.frames.reserve().await.map_err(|_| ClientError::Disconnected)?;
            let frame = self.frame(version, request)?;
            let (sender, answer) = oneshot::channel();
            {
                let mut pending = self.pending.borrow_mut();
                if pending.closed {
                    return Err(ClientError::Disconnected);
                }
                pending.waiting.push_back((self.correlation.get(), sender));
            }
            room.send(Outgoing { frame, written: None });
            answer.await.map_err(|_| ClientError::Disconnected)
        };
        let Ok(answer) = tokio::time::timeout(timeout, asked).await else {
            close(&self.pending);
            return Err(ClientError::TimedOut);
        };
        let mut body = answer?;
        skip_header(&mut body, R::Response::header_version(form::<R>(version)))?;
        Ok(body)
    }

    /// Length, header and body, under the next correlation id.
    fn frame<R: Request>(&self, version: i16, request: &R) -> Result<Bytes, ClientError> {
        let failed = ClientError::Wire(WireError::Body { version });
        self.correlation.set(self.correlation.get().wrapping_add(1) & i32::MAX);
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation.get())
            .with_client_id(Some(self.client_id.clone()));
        let form = form::<R>(version);
        let size = request.compute_size(form).unwrap_or(0);
        let mut frame = BytesMut::with_capacity(size + 64);
        frame.extend_from_slice(&[0; 4]);
        header.encode(&mut frame, R::header_version(form)).map_err(|_| failed.clone())?;
        request.encode(&mut frame, form).map_err(|_| failed.clone())?;
        let length = u32::try_from(frame.len() - 4).map_err(|_| failed)?;
        if let Some(place) = frame.first_chunk_mut::<4>() {
            *place = length.to_be_bytes();
        }
        Ok(frame.freeze())
    }
}

/// The version whose form a version of a request and its answer have.
fn form<R: Request>(version: i16) -> i16 {
    version.min(R::VERSIONS.max)
}

/// Header 1 of a response ends with tagged fields, none of which mean anything.
fn skip_header(body: &mut Bytes, version: i16) -> Result<(), ClientError> {
    let tags = if version >= 1 { body.try_get_u8().ok() } else { Some(0) };
    if tags == Some(0) { Ok(()) } else { Err(ClientError::Wire(WireError::Header)) }
}

async fn read(mut reader: ReadHalf<Box<dyn ByteStream>>, pending: Rc<RefCell<Pending>>) {
    while let Some((correlation, body)) = read_frame(&mut reader).await {
        let waiting = pending.borrow_mut().waiting.pop_front();
        match waiting {
            // an asker that went away leaves its slot behind
            Some((asked, slot)) if asked == correlation => drop(slot.send(body)),
            _ => break,
        }
    }
    close(&pending);
}

async fn read_frame(reader: &mut ReadHalf<Box<dyn ByteStream>>) -> Option<(i32, Bytes)> {
    let length = u64::from(reader.read_u32().await.ok()?);
    if !(4..=LARGEST_ANSWER).contains(&length) {
        return None;
    }
    // grows as it is filled: a length alone reserves little
    let mut frame = Vec::with_capacity(usize::try_from(length.min(1 << 20)).ok()?);
    let read = reader.take(length).read_to_end(&mut frame).await.ok()?;
    let mut frame = Bytes::from(frame);
    let correlation = frame.try_get_i32().ok()?;
    (read as u64 == length).then_some((correlation, frame))
}

async fn write(
    mut writer: WriteHalf<Box<dyn ByteStream>>,
    mut queue: mpsc::Receiver<Outgoing>,
    pending: Rc<RefCell<Pending>>,
) {
    while let Some(Outgoing { frame, written }) = queue.recv().await {
        if writer.write_all(&frame).await.is_err() {
            break;
        }
        // whoever waited may have gone away
        if let Some(written) = written {
            _ = written.send(());
        }
    }
    close(&pending);
}
