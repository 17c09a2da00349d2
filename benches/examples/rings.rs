//! What a broker's turn costs by epoll and by `io_uring`: receive requests, append each to a file,
//! answer. No Kafka, no actors: only what the kernel asks for, CPU of the serving thread.
//!
//! ```text
//! cargo run --release -p ottla-benches --example rings -- DIR
//! ```
//!
//! Three ways: `epoll` is four system calls a turn; `ring` takes sockets through the ring and
//! appends by `pwritev`; `ring-all` appends through the ring as well. DIR should lie on the file
//! system that is asked about.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use io_uring::{IoUring, opcode, squeue, types};
use rustix::event::epoll;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Bytes of an answer.
const REPLY: usize = 60;
/// Received at a time.
const BUFFER: usize = 64 * 1024;
/// The file starts anew here, so that it stays in memory.
const FILE: u64 = 64 << 20;
/// One measurement.
const TIME: Duration = Duration::from_secs(2);
/// Measurements of each kind, in turns; the least counts.
const TURNS: usize = 5;

#[derive(Clone, Copy)]
struct Load {
    name: &'static str,
    connections: usize,
    in_flight: usize,
    size: usize,
}

const LOADS: [Load; 4] = [
    Load { name: "1 connection, 1 in flight, 170 B", connections: 1, in_flight: 1, size: 170 },
    Load { name: "64 connections, 1 in flight, 170 B", connections: 64, in_flight: 1, size: 170 },
    Load { name: "64 connections, 10 in flight, 170 B", connections: 64, in_flight: 10, size: 170 },
    Load { name: "4 connections, 5 in flight, 16 KiB", connections: 4, in_flight: 5, size: 16_384 },
];

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Epoll,
    Ring,
    RingAll,
}

const WAYS: [(&str, Way); 3] =
    [("epoll", Way::Epoll), ("ring", Way::Ring), ("ring-all", Way::RingAll)];

fn main() -> Outcome {
    let dir = std::env::args().nth(1).ok_or("usage: rings DIR")?;
    let dir = Path::new(&dir);
    println!("| load | epoll | ring | ring-all |\n|---|---|---|---|");
    for load in LOADS {
        let mut least = [f64::MAX; WAYS.len()];
        for _ in 0..TURNS {
            for (least, (_, way)) in least.iter_mut().zip(WAYS) {
                *least = least.min(measure(dir, load, way)?);
            }
        }
        let cells: Vec<String> = least.iter().map(|cost| format!("{cost:.2}")).collect();
        println!("| {}, µs a request | {} |", load.name, cells.join(" | "));
    }
    Ok(())
}

/// CPU of the serving thread a request, µs.
fn measure(dir: &Path, load: Load, way: Way) -> Outcome<f64> {
    let path = dir.join("rings.log");
    let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let over = Arc::new(AtomicBool::new(false));
    let client = thread::spawn({
        let over = Arc::clone(&over);
        move || drive(address, load, &over)
    });
    let mut peers = Vec::new();
    for _ in 0..load.connections {
        let (peer, _) = listener.accept()?;
        peer.set_nodelay(true)?;
        peers.push(Peer { socket: peer, buffer: vec![0; BUFFER], filled: 0, owed: Vec::new() });
    }
    let server = Server { peers, file, at: 0, size: load.size, served: 0 };
    let before = thread_cpu();
    let served = match way {
        Way::Epoll => server.by_epoll()?,
        Way::Ring => server.by_ring(false)?,
        Way::RingAll => server.by_ring(true)?,
    };
    let cpu = thread_cpu() - before;
    over.store(true, Ordering::Relaxed);
    client.join().map_err(|_| "the client panicked")??;
    fs::remove_file(&path)?;
    Ok(cpu.as_secs_f64() * 1e6 / served as f64)
}

fn thread_cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
}

/// One thread keeps the requests of all connections in flight, until the time is over.
fn drive(address: std::net::SocketAddr, load: Load, over: &AtomicBool) -> Outcome {
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut sockets = Vec::new();
    let request = vec![7; load.size];
    for at in 0..load.connections {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        epoll::add(&poll, &socket, epoll::EventData::new_u64(at as u64), epoll::EventFlags::IN)?;
        sockets.push((socket, 0usize));
    }
    for (socket, _) in &mut sockets {
        for _ in 0..load.in_flight {
            socket.write_all(&request)?;
        }
    }
    let begun = Instant::now();
    let mut events = Vec::with_capacity(64);
    let mut buffer = vec![0; BUFFER];
    let many: Vec<u8> = request.repeat(load.in_flight);
    while begun.elapsed() < TIME && !over.load(Ordering::Relaxed) {
        events.clear();
        let patience = rustix::event::Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
        let spare = rustix::buffer::spare_capacity(&mut events);
        epoll::wait(&poll, spare, Some(&patience))?;
        for event in &events {
            let at = event.data.u64() as usize;
            let Some((socket, half)) = sockets.get_mut(at) else { continue };
            *half += socket.read(&mut buffer)?;
            let answers = *half / REPLY;
            *half %= REPLY;
            socket.write_all(many.get(..answers * load.size).unwrap_or(&many))?;
        }
    }
    Ok(())
}

struct Peer {
    socket: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
    /// Answers being sent through the ring.
    owed: Vec<u8>,
}

struct Server {
    peers: Vec<Peer>,
    file: File,
    at: u64,
    size: usize,
    served: u64,
}

impl Server {
    /// Where the next request goes in the file.
    fn place(&mut self) -> u64 {
        let at = self.at;
        self.at = (self.at + self.size as u64) % FILE;
        at
    }

    fn by_epoll(mut self) -> Outcome<u64> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (at, peer) in self.peers.iter().enumerate() {
            peer.socket.set_nonblocking(true)?;
            let data = epoll::EventData::new_u64(at as u64);
            let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
            epoll::add(&poll, &peer.socket, data, flags)?;
        }
        let mut left = self.peers.len();
        let mut events = Vec::with_capacity(256);
        while left > 0 {
            events.clear();
            epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), None)?;
            for event in &events {
                if !self.turn(event.data.u64() as usize)? {
                    left -= 1;
                }
            }
        }
        Ok(self.served)
    }

    /// Receives, appends and answers; false at the connection's end.
    fn turn(&mut self, at: usize) -> Outcome<bool> {
        loop {
            let peer = self.peers.get_mut(at).ok_or("no such peer")?;
            let room = peer.buffer.get_mut(peer.filled..).unwrap_or_default();
            let wanted = room.len();
            let received = match peer.socket.read(room) {
                Ok(0) => return Ok(false),
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                // the client has gone with answers on their way
                Err(_) => return Ok(false),
            };
            peer.filled += received;
            let whole = self.append(at)?;
            let peer = self.peers.get_mut(at).ok_or("no such peer")?;
            if whole > 0 && peer.socket.write_all(&vec![1; whole * REPLY]).is_err() {
                return Ok(false);
            }
            if received < wanted {
                return Ok(true);
            }
        }
    }

    /// Appends the whole requests that a connection has received; how many those are.
    fn append(&mut self, at: usize) -> Outcome<usize> {
        let size = self.size;
        let whole = self.peers.get(at).ok_or("no such peer")?.filled / size;
        for request in 0..whole {
            let place = self.place();
            let peer = self.peers.get(at).ok_or("no such peer")?;
            let bytes = peer.buffer.get(request * size..(request + 1) * size);
            self.file.write_all_at(bytes.unwrap_or_default(), place)?;
        }
        let peer = self.peers.get_mut(at).ok_or("no such peer")?;
        peer.buffer.copy_within(whole * size..peer.filled, 0);
        peer.filled -= whole * size;
        self.served += whole as u64;
        Ok(whole)
    }

    fn by_ring(mut self, append_too: bool) -> Outcome<u64> {
        let mut ring: IoUring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_coop_taskrun()
            .build(4096)?;
        let mut left = self.peers.len();
        for at in 0..left {
            let entry = self.receive(at)?;
            push(&mut ring, &entry)?;
        }
        let mut done = Vec::new();
        while left > 0 {
            ring.submit_and_wait(1)?;
            done.extend(ring.completion().map(|entry| (entry.user_data(), entry.result())));
            for (data, result) in done.drain(..) {
                let (kind, at) = (data >> 32, (data & 0xffff_ffff) as usize);
                match kind {
                    RECEIVED if result <= 0 => left -= 1,
                    RECEIVED => {
                        let peer = self.peers.get_mut(at).ok_or("no such peer")?;
                        peer.filled += result as usize;
                        self.answer(&mut ring, at, append_too)?;
                    }
                    SENT if result < 0 => left -= 1,
                    SENT => {
                        if append_too {
                            self.compact(at)?;
                        }
                        let entry = self.receive(at)?;
                        push(&mut ring, &entry)?;
                    }
                    _ if result < 0 => return Err(format!("append: error {result}").into()),
                    _ => {}
                }
            }
        }
        Ok(self.served)
    }

    /// Appends what has come, by a system call or by the ring, and sends the answers behind it.
    fn answer(&mut self, ring: &mut IoUring, at: usize, by_ring: bool) -> Outcome {
        let whole = if by_ring { self.submit_appends(ring, at)? } else { self.append(at)? };
        let entry = if whole == 0 {
            self.receive(at)?
        } else {
            let peer = self.peers.get_mut(at).ok_or("no such peer")?;
            peer.owed.resize(whole * REPLY, 1);
            let fd = types::Fd(peer.socket.as_raw_fd());
            let send = opcode::Send::new(fd, peer.owed.as_ptr(), (whole * REPLY) as u32);
            send.build().user_data(SENT << 32 | at as u64)
        };
        push(ring, &entry)
    }

    /// Every append is linked to the next and the last to the answers.
    fn submit_appends(&mut self, ring: &mut IoUring, at: usize) -> Outcome<usize> {
        let file = types::Fd(self.file.as_raw_fd());
        let size = self.size;
        let whole = self.peers.get(at).ok_or("no such peer")?.filled / size;
        for request in 0..whole {
            let place = self.place();
            let peer = self.peers.get(at).ok_or("no such peer")?;
            let bytes = peer.buffer.get(request * size..).unwrap_or_default();
            let write = opcode::Write::new(file, bytes.as_ptr(), size as u32).offset(place);
            let entry = write.build().flags(squeue::Flags::IO_LINK);
            push(ring, &entry.user_data(APPENDED << 32 | at as u64))?;
        }
        self.served += whole as u64;
        Ok(whole)
    }

    /// Drops the requests whose answers have been sent.
    fn compact(&mut self, at: usize) -> Outcome {
        let size = self.size;
        let peer = self.peers.get_mut(at).ok_or("no such peer")?;
        let whole = peer.filled / size;
        peer.buffer.copy_within(whole * size..peer.filled, 0);
        peer.filled -= whole * size;
        Ok(())
    }

    fn receive(&mut self, at: usize) -> Outcome<squeue::Entry> {
        let peer = self.peers.get_mut(at).ok_or("no such peer")?;
        let room = peer.buffer.get_mut(peer.filled..).unwrap_or_default();
        let fd: RawFd = peer.socket.as_raw_fd();
        let receive = opcode::Recv::new(types::Fd(fd), room.as_mut_ptr(), room.len() as u32);
        Ok(receive.build().user_data(RECEIVED << 32 | at as u64))
    }
}

const RECEIVED: u64 = 1;
const SENT: u64 = 2;
const APPENDED: u64 = 3;

#[expect(
    unsafe_code,
    reason = "the buffers of an entry live until its completion: peers outlive the ring"
)]
fn push(ring: &mut IoUring, entry: &squeue::Entry) -> Outcome {
    // SAFETY: every buffer belongs to a peer or is its `owed`; neither moves nor is freed while an
    // entry that names it is under way, as a peer has one receive or one answer under way
    while unsafe { ring.submission().push(entry) }.is_err() {
        ring.submit()?;
    }
    Ok(())
}
