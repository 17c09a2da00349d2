//! Replies over a real socket, from memory and from files.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ottla_core::base::Offset;
use ottla_core::storage::{Disk, LogSlice, OpenMode, RealDisk};
use tokio::io::AsyncReadExt;

use super::*;
use crate::runtime::{Credits, RequestTicket};

fn run<F: Future<Output = ()>>(test: F) {
    actix::System::new().block_on(async {
        tokio::time::timeout(Duration::from_secs(20), test).await.unwrap();
    });
}

async fn pair() -> (TcpStream, TcpStream) {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = tokio::net::TcpListener::bind(any).await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (listener.accept().await.unwrap().0, client)
}

fn file(dir: &Path, content: &[u8]) -> Arc<dyn ottla_core::storage::DiskFile> {
    let path = dir.join("segment");
    std::fs::write(&path, content).unwrap();
    RealDisk.open(&path, OpenMode::Read).unwrap()
}

fn slice(file: &Arc<dyn ottla_core::storage::DiskFile>, range: std::ops::Range<usize>) -> Segment {
    Segment::File(LogSlice {
        file: Arc::clone(file),
        position: range.start as u64,
        length: u32::try_from(range.len()).unwrap(),
        segment_base_offset: Offset::ZERO,
    })
}

fn reply(segments: Vec<Segment>) -> Finished {
    Finished { segments, _ticket: RequestTicket::free() }
}

fn turn(
    writer: &mut Writer,
    stream: &TcpStream,
    cx: &mut Context<'_>,
) -> Poll<io::Result<Written>> {
    writer.begin_turn();
    writer.poll_write(stream, cx)
}

/// Writes everything in `writer` while `client` reads it all.
async fn write_all(mut writer: Writer, server: TcpStream, mut client: TcpStream) -> Vec<u8> {
    let writing = async move {
        while poll_fn(|cx| turn(&mut writer, &server, cx)).await.unwrap() != Written::All {}
        writer.sent()
    };
    let mut read = Vec::new();
    let (sent, _) = futures_util::join!(writing, client.read_to_end(&mut read));
    assert_eq!(sent, read.len() as u64);
    read
}

#[test]
fn bytes_and_file_ranges_leave_in_order() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        // larger than any socket buffer, so that every kind of partial write happens
        let content: Vec<u8> = (0..9_000_000_u32).map(|i| (i % 251) as u8).collect();
        let file = file(dir.path(), &content);
        let head = Bytes::from(vec![0xAA; 3_000_000]);
        let mut writer = Writer::default();
        let mut expected = Vec::new();
        for start in [0, 1_000_000, 17] {
            writer.queue.push_back(reply(vec![
                Segment::Bytes(head.slice(..40)),
                slice(&file, start..start + 5_000_000),
                Segment::Bytes(Bytes::new()),
                Segment::Bytes(head.clone()),
                slice(&file, 7..7),
                Segment::Bytes(head.slice(..1)),
            ]));
            writer.queue.push_back(reply(Vec::new()));
            expected.extend_from_slice(&head[..40]);
            expected.extend_from_slice(&content[start..start + 5_000_000]);
            expected.extend_from_slice(&head);
            expected.extend_from_slice(&head[..1]);
        }
        let (server, client) = pair().await;
        let read = write_all(writer, server, client).await;
        assert!(read == expected, "{} bytes of {}", read.len(), expected.len());
    });
}

#[test]
fn many_small_replies_leave_together() {
    run(async {
        let mut writer = Writer::default();
        let mut expected = Vec::new();
        for i in 0..500_u16 {
            let bytes = Bytes::copy_from_slice(&i.to_be_bytes());
            expected.extend_from_slice(&bytes);
            writer.queue.push_back(reply(vec![Segment::Bytes(bytes)]));
        }
        assert_eq!(writer.unsent_bytes(), 1_000);
        let (server, client) = pair().await;
        assert_eq!(write_all(writer, server, client).await, expected);
    });
}

/// Sends a long file range and says how large the socket's send buffer is then.
async fn buffer_after_a_file(mut writer: Writer) -> usize {
    let dir = tempfile::tempdir().unwrap();
    let file = file(dir.path(), &vec![1; 300_000]);
    writer.queue.push_back(reply(vec![slice(&file, 0..300_000)]));
    let (server, mut client) = pair().await;
    let mut read = vec![0; 300_000];
    let writing = async {
        while poll_fn(|cx| turn(&mut writer, &server, cx)).await.unwrap() != Written::All {}
    };
    let (_, read) = futures_util::join!(writing, client.read_exact(&mut read));
    read.unwrap();
    SockRef::from(&server).send_buffer_size().unwrap()
}

#[test]
fn the_buffer_of_a_local_peer_is_fitted_unless_somebody_set_it() {
    run(async {
        // the system doubles what it is told
        assert_eq!(buffer_after_a_file(Writer::new(true)).await, 2 * LOCAL_BUFFER);
        assert_ne!(buffer_after_a_file(Writer::new(false)).await, 2 * LOCAL_BUFFER);
    });
}

#[test]
fn a_file_range_leaves_without_a_pipe_when_all_are_lent() {
    run(async {
        let lent: Vec<Pipe> = std::iter::from_fn(Pipe::borrow).take(1_000).collect();
        assert!(Pipe::borrow().is_none());
        let dir = tempfile::tempdir().unwrap();
        let content: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 253) as u8).collect();
        let file = file(dir.path(), &content);
        let mut writer = Writer::default();
        writer.queue.push_back(reply(vec![slice(&file, 5..3_000_000)]));
        let (server, client) = pair().await;
        assert!(write_all(writer, server, client).await == content[5..]);
        drop(lent);
    });
}

#[test]
fn a_file_that_was_cut_short_ends_the_connection() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let file = file(dir.path(), &[1; 100]);
        let mut writer = Writer::default();
        writer.queue.push_back(reply(vec![slice(&file, 50..200)]));
        let (server, _client) = pair().await;
        let error = poll_fn(|cx| turn(&mut writer, &server, cx)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    });
}

#[test]
fn a_ticket_is_freed_after_the_last_byte() {
    run(async {
        let credits = Credits::new(1_000);
        let mut permit = credits.permit();
        assert!(permit.grow_to(600));
        let mut writer = Writer::default();
        let large = Segment::Bytes(Bytes::from(vec![1; 50_000_000]));
        writer
            .queue
            .push_back(Finished { segments: vec![large], _ticket: RequestTicket::new(permit) });
        let (server, mut client) = pair().await;
        let stalled = async {
            while poll_fn(|cx| turn(&mut writer, &server, cx)).await.unwrap() != Written::All {}
        };
        assert!(tokio::time::timeout(Duration::from_millis(50), stalled).await.is_err());
        assert_eq!(credits.used(), 600);
        let mut read = Vec::new();
        let writing = async {
            while poll_fn(|cx| turn(&mut writer, &server, cx)).await.unwrap() != Written::All {}
            drop(server);
        };
        let (_, read_bytes) = futures_util::join!(writing, client.read_to_end(&mut read));
        assert_eq!(read_bytes.unwrap(), 50_000_000);
        assert_eq!(credits.used(), 0);
    });
}

#[test]
fn a_turn_is_over_before_one_reader_has_kept_the_core_for_long() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        let content = vec![7; 8 << 20];
        let file = file(dir.path(), &content);
        for segment in [Segment::Bytes(content.clone().into()), slice(&file, 0..content.len())] {
            let (server, client) = pair().await;
            let mut writer = Writer::default();
            writer.queue.push_back(reply(vec![segment]));
            let reading = std::thread::spawn({
                let client = client.into_std().unwrap();
                client.set_nonblocking(false).unwrap();
                move || std::io::copy(&mut &client, &mut std::io::sink()).unwrap()
            });
            let mut before = 0;
            loop {
                let written = poll_fn(|cx| turn(&mut writer, &server, cx)).await.unwrap();
                let sent = writer.sent() - before;
                // what a pipe holds goes with one call
                assert!(sent < (CALL_BYTES + (1 << 20)) as u64, "{sent} in one turn");
                before = writer.sent();
                if written == Written::All {
                    break;
                }
            }
            drop(server);
            assert_eq!(reading.join().unwrap(), content.len() as u64);
        }
    });
}
