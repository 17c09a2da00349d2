//! The one thread of the bare server: wait, receive, append, answer.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketFlags};

use super::protocol::{Refused, answer, frame_size};
use super::topics::Topics;

/// Connections at once; more are closed.
const PEERS: usize = 20_000;
/// Events that one wait returns.
const EVENTS: usize = 256;
/// Bytes of a buffer that requests are received into; it grows for a larger one.
const BUFFER: usize = 128 * 1024;
/// The least room that is received into.
const ROOM: usize = 32 * 1024;
/// Unused buffers that are kept.
const KEPT: usize = 64;

/// What an event is about, where it is not a connection.
const LISTENER: u64 = u64::MAX;
const BELL: u64 = u64::MAX - 1;

/// A connection.
#[derive(Debug)]
struct Peer {
    socket: OwnedFd,
    /// The beginning of a request; holds no memory while there is none.
    begun: Vec<u8>,
    /// Answers that the socket has not taken: nothing is received before it has.
    owed: Vec<u8>,
}

/// Everything the thread has.
#[derive(Debug)]
pub(super) struct Server {
    poll: OwnedFd,
    listener: TcpListener,
    port: u16,
    /// Its other end is dropped to end the server.
    _ear: UnixStream,
    topics: Topics,
    /// By their descriptors.
    peers: Vec<Option<Peer>>,
    connected: usize,
    unused: Vec<Vec<u8>>,
    answers: Vec<u8>,
}

impl Server {
    pub(super) fn new(listener: TcpListener, ear: UnixStream, dir: &Path) -> io::Result<Self> {
        let poll = epoll::create(CreateFlags::CLOEXEC)?;
        listener.set_nonblocking(true)?;
        // what it accepts inherits this
        rustix::net::sockopt::set_tcp_nodelay(&listener, true)?;
        epoll::add(&poll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        epoll::add(&poll, &ear, EventData::new_u64(BELL), EventFlags::IN)?;
        Ok(Self {
            poll,
            port: listener.local_addr()?.port(),
            listener,
            _ear: ear,
            topics: Topics::new(dir.to_owned()),
            peers: Vec::new(),
            connected: 0,
            unused: Vec::new(),
            answers: Vec::new(),
        })
    }

    /// Serves until the bell is dropped.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut events: Vec<Event> = Vec::with_capacity(EVENTS);
        loop {
            events.clear();
            match epoll::wait(&self.poll, spare_capacity(&mut events), None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in &events {
                match event.data.u64() {
                    BELL => return Ok(()),
                    LISTENER => self.accept()?,
                    peer => self.turn(usize::try_from(peer).unwrap_or(usize::MAX)),
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            let socket = match rustix::net::accept_with(&self.listener, flags) {
                Ok(socket) => socket,
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR | Errno::CONNABORTED) => continue,
                Err(error) => return Err(error.into()),
            };
            let at = usize::try_from(socket.as_raw_fd()).unwrap_or(usize::MAX);
            if self.connected >= PEERS {
                continue;
            }
            epoll::add(&self.poll, &socket, EventData::new_u64(at as u64), EventFlags::IN)?;
            if self.peers.len() <= at {
                self.peers.resize_with(at + 1, || None);
            }
            if let Some(slot) = self.peers.get_mut(at) {
                *slot = Some(Peer { socket, begun: Vec::new(), owed: Vec::new() });
                self.connected += 1;
            }
        }
    }

    /// Something has come, or there is room again for what is owed.
    fn turn(&mut self, at: usize) {
        // one that went a moment ago may still have an event
        let Some(Some(mut peer)) = self.peers.get_mut(at).map(Option::take) else { return };
        match self.serve(&mut peer) {
            Ok(true) => {
                if let Some(slot) = self.peers.get_mut(at) {
                    *slot = Some(peer);
                }
                return;
            }
            Ok(false) => {}
            Err(refused) => eprintln!("bare server: closes a connection because of {refused}"),
        }
        self.connected -= 1;
    }

    /// Receives once, and answers; false at the connection's end.
    fn serve(&mut self, peer: &mut Peer) -> Result<bool, Refused> {
        if !peer.owed.is_empty() {
            return self.send_owed(peer);
        }
        let mut buffer = std::mem::take(&mut peer.begun);
        if buffer.capacity() == 0 {
            buffer = self.unused.pop().unwrap_or_else(|| Vec::with_capacity(BUFFER));
        }
        let missing = frame_size(&buffer)?.map_or(0, |size| size.saturating_sub(buffer.len()));
        buffer.reserve(missing.max(ROOM));
        match rustix::net::recv(&peer.socket, spare_capacity(&mut buffer), RecvFlags::empty()) {
            Ok((0, _)) | Err(Errno::CONNRESET | Errno::PIPE) => return Ok(false),
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
        self.answers.clear();
        let taken = answer(&buffer, &mut self.topics, self.port, &mut self.answers)?;
        buffer.drain(..taken);
        if !buffer.is_empty() {
            peer.begun = buffer;
        } else if self.unused.len() < KEPT {
            self.unused.push(buffer);
        }
        self.send(peer)
    }

    /// Sends the answers; what the socket does not take is owed.
    fn send(&mut self, peer: &mut Peer) -> Result<bool, Refused> {
        if self.answers.is_empty() {
            return Ok(true);
        }
        let Some(sent) = sent(&peer.socket, &self.answers)? else { return Ok(false) };
        if let Some(rest) = self.answers.get(sent..).filter(|rest| !rest.is_empty()) {
            peer.owed = rest.to_vec();
            self.await_only(peer, EventFlags::OUT)?;
        }
        Ok(true)
    }

    fn send_owed(&mut self, peer: &mut Peer) -> Result<bool, Refused> {
        let Some(sent) = sent(&peer.socket, &peer.owed)? else { return Ok(false) };
        peer.owed.drain(..sent);
        if peer.owed.is_empty() {
            peer.owed = Vec::new();
            self.await_only(peer, EventFlags::IN)?;
        }
        Ok(true)
    }

    fn await_only(&self, peer: &Peer, flags: EventFlags) -> io::Result<()> {
        let data = EventData::new_u64(u64::try_from(peer.socket.as_raw_fd()).unwrap_or(LISTENER));
        Ok(epoll::modify(&self.poll, &peer.socket, data, flags)?)
    }
}

/// How much a socket takes; none if the other end is gone.
fn sent(socket: &OwnedFd, bytes: &[u8]) -> Result<Option<usize>, Refused> {
    match rustix::net::send(socket, bytes, SendFlags::NOSIGNAL) {
        Ok(sent) => Ok(Some(sent)),
        Err(Errno::AGAIN | Errno::INTR) => Ok(Some(0)),
        Err(Errno::CONNRESET | Errno::PIPE) => Ok(None),
        Err(error) => Err(io::Error::from(error).into()),
    }
}
