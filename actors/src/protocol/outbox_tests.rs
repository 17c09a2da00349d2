//! Who sends an answer: the thread that gives it, or the pump.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use ottla_core::base::Offset;
use ottla_core::storage::{Disk, OpenMode, RealDisk};
use tokio::io::AsyncReadExt;

use super::*;

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Fixture {
    outbox: Arc<Outbox>,
    client: TcpStream,
    wakes: Arc<Wakes>,
}

const QUIET: TurnEnd = TurnEnd { moved: false, unsent: false, awaits: false };

impl Fixture {
    async fn new() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = tokio::net::TcpListener::bind(any).await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let socket = Arc::new(listener.accept().await.unwrap().0);
        let outbox = Arc::new(Outbox::new(socket, Lodging::new(0, 0)));
        let fixture = Self { outbox, client, wakes: Arc::default() };
        fixture.outbox.register(&Waker::from(Arc::clone(&fixture.wakes)));
        fixture
    }

    fn open(&self) -> ReplySlot {
        self.outbox.open(ApiKey::Produce, RequestTicket::free())
    }

    fn taken(&self) -> Vec<Segment> {
        let mut out = VecDeque::new();
        self.outbox.take(&mut out).unwrap();
        out.into_iter().flat_map(|finished| finished.segments).collect()
    }

    fn woken(&self) -> bool {
        self.outbox.register(&Waker::from(Arc::clone(&self.wakes)));
        self.wakes.0.swap(0, Ordering::Relaxed) > 0
    }

    async fn receive(&mut self, expected: &[u8]) {
        let mut read = vec![0; expected.len()];
        self.client.read_exact(&mut read).await.unwrap();
        assert_eq!(read, expected);
    }
}

fn bytes(text: &'static str) -> Vec<Segment> {
    vec![Segment::Bytes(Bytes::from_static(text.as_bytes()))]
}

fn run<F: Future<Output = ()>>(test: F) {
    actix::System::new().block_on(test);
}

#[test]
fn a_lone_answer_with_a_short_file_range_is_sent_by_the_thread_that_gives_it() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("segment");
        std::fs::write(&path, "0123456789").unwrap();
        let file = RealDisk.open(&path, OpenMode::Read).unwrap();
        let base = Offset::ZERO;
        let range = LogSlice { file, position: 2, length: 3, segment_base_offset: base };
        let mut fixture = Fixture::new().await;
        let mut answer = bytes("head ");
        answer.push(Segment::File(range));
        fixture.open().send(answer);
        fixture.receive(b"head 234").await;
        assert_eq!((fixture.outbox.in_flight(), fixture.woken()), (0, false));
    });
}

#[test]
fn a_lone_answer_is_sent_by_the_thread_that_gives_it() {
    run(async {
        let mut fixture = Fixture::new().await;
        let slot = fixture.open();
        std::thread::spawn(move || slot.send(bytes("one"))).join().unwrap();
        fixture.receive(b"one").await;
        assert_eq!(fixture.outbox.in_flight(), 0);
        assert!(!fixture.woken());
        // nothing to send is not worth a wake either
        fixture.open().none();
        assert_eq!(fixture.outbox.in_flight(), 0);
        assert!(!fixture.woken());
        // the pump may wait for the answer all the same
        fixture.taken();
        assert!(fixture.outbox.release(&TurnEnd { awaits: true, ..QUIET }));
        fixture.open().send(bytes("two"));
        fixture.receive(b"two").await;
        assert!(fixture.woken());
    });
}

#[test]
fn answers_of_a_client_that_does_not_wait_are_left_to_the_pump() {
    run(async {
        let mut fixture = Fixture::new().await;
        let (first, second) = (fixture.open(), fixture.open());
        second.send(bytes("two"));
        assert!(fixture.taken().is_empty());
        assert!(fixture.outbox.release(&QUIET));
        first.send(bytes("one"));
        assert!(fixture.woken());
        assert_eq!(fixture.taken().len(), 2);
        assert!(fixture.outbox.release(&QUIET));
        for _ in 1..PATIENCE {
            fixture.open().send(bytes("more"));
            assert_eq!(fixture.taken().len(), 1);
            assert!(fixture.outbox.release(&QUIET));
        }
        fixture.open().send(bytes("direct"));
        fixture.receive(b"direct").await;
    });
}

#[test]
fn while_the_pump_writes_nobody_else_does() {
    run(async {
        let fixture = Fixture::new().await;
        fixture.taken();
        fixture.open().send(bytes("in its turn"));
        assert!(!fixture.outbox.release(&QUIET), "there is something to write");
        assert_eq!(fixture.taken().len(), 1);
        assert!(fixture.outbox.release(&TurnEnd { unsent: true, ..QUIET }));
        fixture.open().send(bytes("behind it"));
        assert!(fixture.woken());
        assert_eq!(fixture.taken().len(), 1);
    });
}

#[test]
fn what_the_socket_does_not_take_is_left_to_the_pump() {
    run(async {
        let mut fixture = Fixture::new().await;
        let piece = vec![7; 10_000];
        let mut sent = 0;
        let rest = loop {
            fixture.open().send(vec![Segment::Bytes(piece.clone().into())]);
            sent += piece.len();
            if fixture.outbox.in_flight() > 0 {
                break fixture.taken();
            }
        };
        assert!(fixture.woken());
        let [Segment::Bytes(rest)] = &rest[..] else { panic!("{rest:?}") };
        let mut read = vec![0; sent - rest.len()];
        fixture.client.read_exact(&mut read).await.unwrap();
        assert!(read.iter().all(|byte| *byte == 7));
        let nothing = fixture.client.try_read(&mut [0; 1]).unwrap_err();
        assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    });
}

#[test]
fn a_closed_outbox_sends_nothing_and_lets_the_socket_go() {
    run(async {
        let mut fixture = Fixture::new().await;
        let slot = fixture.open();
        fixture.outbox.close();
        slot.send(bytes("late"));
        assert_eq!(fixture.client.read(&mut [0; 1]).await.unwrap(), 0);
    });
}
