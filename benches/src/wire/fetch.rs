//! Fetch requests, and replies read in place: what is not looked at is read over, not kept.

use bytes::BufMut;
use ottla_core::record::{BatchHeader, crc32c};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::fields::{close_frame, put_header, put_length, put_string};
use super::messages::Api;
use crate::error::BenchError;

/// Limits of a fetch, by Kafka's names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FetchLimits {
    pub(crate) max_wait_ms: i32,
    pub(crate) min_bytes: i32,
    pub(crate) max_bytes: i32,
    pub(crate) max_partition_bytes: i32,
}

/// A partition and the offset asked for.
pub(crate) type Asked = (i32, i64);

/// Writes a whole fetch request into `out`.
pub(crate) fn fetch_request(
    out: &mut Vec<u8>,
    version: i16,
    topic: &str,
    asked: impl ExactSizeIterator<Item = Asked>,
    limits: &FetchLimits,
) {
    out.clear();
    put_header(out, Api::FETCH.key, version, CORRELATION);
    out.put_i32(-1);
    out.put_i32(limits.max_wait_ms);
    out.put_i32(limits.min_bytes);
    out.put_i32(limits.max_bytes);
    out.put_i8(0);
    if version >= 7 {
        // no fetch session
        out.put_i32(0);
        out.put_i32(-1);
    }
    put_length(out, 1);
    put_string(out, topic);
    put_length(out, asked.len());
    for (partition, offset) in asked {
        out.put_i32(partition);
        if version >= 9 {
            out.put_i32(-1);
        }
        out.put_i64(offset);
        if version >= 5 {
            out.put_i64(-1);
        }
        out.put_i32(limits.max_partition_bytes);
    }
    if version >= 7 {
        put_length(out, 0);
    }
    if version >= 11 {
        put_string(out, "");
    }
    close_frame(out, 0);
}

/// One request is under way at a time.
const CORRELATION: i32 = 7;

/// What a reply holds of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// An error code.
    Refused { partition: i32, code: i16 },
    /// A whole batch.
    Batch { partition: i32, first: i64, last: i64, records: i32, bytes: usize },
}

/// A connection that fetches.
#[derive(Debug)]
pub(crate) struct FetchStream {
    read: OwnedReadHalf,
    pub(crate) write: OwnedWriteHalf,
    buffer: Box<[u8]>,
    /// What has been read and not taken.
    begin: usize,
    end: usize,
    /// Bytes of the present reply that are not taken.
    left: usize,
    verify: bool,
}

const MALFORMED: BenchError = BenchError::Malformed { api: Api::FETCH.name };

impl FetchStream {
    /// Reads through one buffer of `capacity` bytes; with `verify` the checksum of each batch is
    /// computed.
    pub(crate) fn new(stream: TcpStream, capacity: usize, verify: bool) -> Self {
        let (read, write) = stream.into_split();
        let buffer = vec![0; capacity.max(1024)].into();
        Self { read, write, buffer, begin: 0, end: 0, left: 0, verify }
    }

    async fn fill(&mut self) -> Result<(), BenchError> {
        if self.begin == self.end {
            (self.begin, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = self.read.read(room).await;
        match read.map_err(|source| BenchError::Lost { what: Api::FETCH.name, source })? {
            0 => Err(BenchError::Closed { what: Api::FETCH.name }),
            length => {
                self.end += length;
                Ok(())
            }
        }
    }

    async fn take<const N: usize>(&mut self) -> Result<[u8; N], BenchError> {
        self.left = self.left.checked_sub(N).ok_or(MALFORMED)?;
        while self.end - self.begin < N {
            self.fill().await?;
        }
        let taken = self.buffer.get(self.begin..).and_then(|bytes| bytes.first_chunk());
        self.begin += N;
        taken.copied().ok_or(MALFORMED)
    }

    /// Reads over `length` bytes, handing them to `look` as they come.
    async fn skip(
        &mut self,
        mut length: usize,
        mut look: impl FnMut(&[u8]),
    ) -> Result<(), BenchError> {
        self.left = self.left.checked_sub(length).ok_or(MALFORMED)?;
        while length > 0 {
            if self.begin == self.end {
                self.fill().await?;
            }
            let step = length.min(self.end - self.begin);
            look(self.buffer.get(self.begin..self.begin + step).unwrap_or_default());
            self.begin += step;
            length -= step;
        }
        Ok(())
    }

    async fn over(&mut self, length: usize) -> Result<(), BenchError> {
        self.skip(length, |_| {}).await
    }

    async fn i16(&mut self) -> Result<i16, BenchError> {
        self.take().await.map(i16::from_be_bytes)
    }

    async fn i32(&mut self) -> Result<i32, BenchError> {
        self.take().await.map(i32::from_be_bytes)
    }

    async fn length(&mut self) -> Result<usize, BenchError> {
        Ok(usize::try_from(self.i32().await?).unwrap_or(0))
    }

    /// Reads one reply and returns its size; `on` gets errors and whole batches, and may refuse
    /// them.
    pub(crate) async fn reply(
        &mut self,
        version: i16,
        on: &mut impl FnMut(Fetched) -> Result<(), BenchError>,
    ) -> Result<usize, BenchError> {
        self.left = 4;
        let size = self.length().await?;
        self.left = size;
        if self.i32().await? != CORRELATION {
            return Err(MALFORMED);
        }
        self.i32().await?;
        if version >= 7 {
            let code = self.i16().await?;
            BenchError::check(|| "Fetch".into(), code)?;
            self.i32().await?;
        }
        for _ in 0..self.length().await? {
            let name = self.i16().await?;
            self.over(usize::try_from(name).unwrap_or(0)).await?;
            for _ in 0..self.length().await? {
                self.partition(version, on).await?;
            }
        }
        self.over(self.left).await?;
        Ok(size + 4)
    }

    async fn partition(
        &mut self,
        version: i16,
        on: &mut impl FnMut(Fetched) -> Result<(), BenchError>,
    ) -> Result<(), BenchError> {
        let (partition, code) = (self.i32().await?, self.i16().await?);
        // high watermark, last stable offset, and from version 5 the start of the log
        self.over(if version >= 5 { 24 } else { 16 }).await?;
        let aborted = self.length().await?;
        self.over(aborted.checked_mul(16).ok_or(MALFORMED)?).await?;
        if version >= 11 {
            self.i32().await?;
        }
        let mut left = self.length().await?;
        if code != 0 {
            on(Fetched::Refused { partition, code })?;
        }
        while left >= BatchHeader::SIZE {
            let head = self.take::<{ BatchHeader::SIZE }>().await?;
            left -= BatchHeader::SIZE;
            let header = BatchHeader::parse(&head).map_err(|_| MALFORMED)?;
            let bytes = header.size_in_bytes();
            let body = bytes.checked_sub(BatchHeader::SIZE).ok_or(MALFORMED)?;
            if body > left {
                // the last batch may be cut short
                break;
            }
            self.body(&head, &header, body).await?;
            left -= body;
            let first = header.base_offset.0;
            let last = first + i64::from(header.last_offset_delta);
            on(Fetched::Batch { partition, first, last, records: header.records_count, bytes })?;
        }
        self.over(left).await
    }

    async fn body(
        &mut self,
        head: &[u8],
        header: &BatchHeader,
        length: usize,
    ) -> Result<(), BenchError> {
        if !self.verify {
            return self.over(length).await;
        }
        let mut covered = Vec::with_capacity(length + 40);
        covered.extend_from_slice(head.get(21..).unwrap_or_default());
        self.skip(length, |bytes| covered.extend_from_slice(bytes)).await?;
        if crc32c(&covered) == header.crc {
            return Ok(());
        }
        let what = format!("a batch at offset {} has a wrong checksum", header.base_offset.0);
        Err(BenchError::Stored { what })
    }
}
