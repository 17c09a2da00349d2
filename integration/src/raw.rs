//! A blocking client that says exactly what a test wants said: one connection, one request at a
//! time or several in a row. It shares no code with the broker but the message library.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::messages::{
    RequestHeader, ResponseHeader, TopicName,
    create_topics_request::{CreatableTopic, CreateTopicsRequest},
    fetch_request::{FetchPartition, FetchRequest, FetchTopic},
    init_producer_id_request::InitProducerIdRequest,
    produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData},
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use kafka_protocol::records::{
    Compression, NO_PARTITION_LEADER_EPOCH, Record, RecordBatchDecoder, RecordBatchEncoder,
    RecordEncodeOptions, TimestampType,
};

/// No answer may take longer, or the broker hangs.
const LIMIT: Duration = Duration::from_secs(30);

/// One connection.
#[derive(Debug)]
pub struct RawClient {
    stream: TcpStream,
    correlation: i32,
}

/// An idempotent producer's place in one partition.
#[derive(Clone, Copy, Debug)]
pub struct Producer {
    /// Given by the broker.
    pub id: i64,
    /// Given by the broker.
    pub epoch: i16,
    /// Sequence of the first record of the batch.
    pub sequence: i32,
}

/// What a partition answered to a produce request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Produced {
    /// Kafka's error code; 0 is none.
    pub error: i16,
    /// Offset of the batch's first record.
    pub offset: i64,
}

impl RawClient {
    /// Connects to `127.0.0.1:port`.
    pub fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        Ok(Self { stream, correlation: 0 })
    }

    /// The connection itself, to keep it open or to misuse it.
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Sends a request and leaves its answer for [`receive`](Self::receive).
    pub fn send<R: Request>(&mut self, version: i16, request: &R) -> io::Result<()> {
        self.correlation += 1;
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation)
            .with_client_id(Some(StrBytes::from_static_str("raw")));
        let mut body = BytesMut::new();
        header.encode(&mut body, R::header_version(version)).map_err(invalid)?;
        request.encode(&mut body, version).map_err(invalid)?;
        self.send_frame(&body)
    }

    /// Sends any bytes as one frame.
    pub fn send_frame(&mut self, body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len()).map_err(invalid)?;
        let mut frame = length.to_be_bytes().to_vec();
        frame.extend_from_slice(body);
        self.stream.write_all(&frame)
    }

    /// The next frame of the broker, without its length.
    pub fn receive_frame(&mut self) -> io::Result<Bytes> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).map_err(invalid)?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body.into())
    }

    /// The next answer, to a request of type `R`: the correlation id and the body.
    pub fn receive<R: Request>(&mut self, version: i16) -> io::Result<(i32, R::Response)> {
        let mut body = self.receive_frame()?;
        let header = ResponseHeader::decode(&mut body, R::Response::header_version(version));
        let response = R::Response::decode(&mut body, version).map_err(invalid)?;
        if !body.is_empty() {
            return Err(invalid("bytes after the end of the response"));
        }
        Ok((header.map_err(invalid)?.correlation_id, response))
    }

    /// Asks and waits.
    pub fn ask<R: Request>(&mut self, version: i16, request: &R) -> io::Result<R::Response> {
        self.send(version, request)?;
        let (correlation, response) = self.receive::<R>(version)?;
        if correlation != self.correlation {
            return Err(invalid("an answer to another request"));
        }
        Ok(response)
    }

    /// Creates a topic; the answer is Kafka's error code.
    pub fn create_topic(&mut self, topic: &str, partitions: i32) -> io::Result<i16> {
        let topic = CreatableTopic::default()
            .with_name(name(topic))
            .with_num_partitions(partitions)
            .with_replication_factor(1);
        let request =
            CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(30_000);
        let response = self.ask(7, &request)?;
        response.topics.first().map(|t| t.error_code).ok_or_else(|| invalid("no topic"))
    }

    /// A producer id and epoch.
    pub fn init_producer(&mut self) -> io::Result<Producer> {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_transaction_timeout_ms(60_000);
        let response = self.ask(4, &request)?;
        if response.error_code != 0 {
            return Err(invalid(format!("no producer id: error {}", response.error_code)));
        }
        Ok(Producer { id: response.producer_id.0, epoch: response.producer_epoch, sequence: 0 })
    }

    /// Sends one batch to one partition and does not wait.
    pub fn send_batch(
        &mut self,
        topic: &str,
        partition: i32,
        acks: i16,
        batch: Bytes,
    ) -> io::Result<()> {
        let data = PartitionProduceData::default().with_index(partition).with_records(Some(batch));
        let topic =
            TopicProduceData::default().with_name(name(topic)).with_partition_data(vec![data]);
        let request = ProduceRequest::default()
            .with_acks(acks)
            .with_timeout_ms(30_000)
            .with_topic_data(vec![topic]);
        self.send(PRODUCE, &request)
    }

    /// The answer to the oldest [`send_batch`](Self::send_batch) that has none yet.
    pub fn produced(&mut self) -> io::Result<Produced> {
        let (_, response) = self.receive::<ProduceRequest>(PRODUCE)?;
        let partitions = response.responses.first().map(|t| &t.partition_responses);
        let found =
            partitions.and_then(|list| list.first()).ok_or_else(|| invalid("no partition"))?;
        Ok(Produced { error: found.error_code, offset: found.base_offset })
    }

    /// The records from `offset` on that one fetch brings, decoded; empty at the end of the log.
    pub fn fetch(&mut self, topic: &str, partition: i32, offset: i64) -> io::Result<Vec<Record>> {
        let part = FetchPartition::default()
            .with_partition(partition)
            .with_fetch_offset(offset)
            .with_partition_max_bytes(4 << 20);
        let topic = FetchTopic::default().with_topic(name(topic)).with_partitions(vec![part]);
        let request = FetchRequest::default()
            .with_max_wait_ms(0)
            .with_min_bytes(0)
            .with_max_bytes(8 << 20)
            .with_topics(vec![topic]);
        let response = self.ask(12, &request)?;
        let data = response.responses.into_iter().next();
        let data = data.and_then(|topic| topic.partitions.into_iter().next());
        let data = data.ok_or_else(|| invalid("no partition"))?;
        if data.error_code != 0 {
            return Err(invalid(format!("fetch at {offset}: error {}", data.error_code)));
        }
        let mut bytes = data.records.unwrap_or_default();
        let mut records = Vec::new();
        // a response may end in the middle of a batch
        while bytes.len() > 12 {
            let length = bytes.get(8..12).and_then(|part| part.try_into().ok());
            let length = u32::from_be_bytes(length.unwrap_or_default());
            let whole = usize::try_from(length).map_err(invalid)? + 12;
            if bytes.len() < whole {
                break;
            }
            let mut batch = bytes.split_to(whole);
            records.extend(RecordBatchDecoder::decode(&mut batch).map_err(invalid)?.records);
        }
        records.retain(|record| record.offset >= offset);
        Ok(records)
    }
}

/// The version of Produce that still names topics and has the flexible encoding.
const PRODUCE: i16 = 9;

/// One uncompressed batch with these values, for a producer or without one.
pub fn batch(producer: Option<Producer>, values: &[Bytes]) -> Bytes {
    let mut buffer = BytesMut::new();
    let records: Vec<Record> = values
        .iter()
        .zip(0_i32..)
        .map(|(value, at)| Record {
            transactional: false,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
            producer_id: producer.map_or(-1, |p| p.id),
            producer_epoch: producer.map_or(-1, |p| p.epoch),
            timestamp_type: TimestampType::Creation,
            offset: i64::from(at),
            // the encoder takes a gap in the sequence for the start of another batch
            sequence: producer.map_or(-1, |p| p.sequence) + at,
            timestamp: now_ms(),
            key: None,
            value: Some(value.clone()),
            headers: IndexMap::new(),
        })
        .collect();
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    RecordBatchEncoder::encode(&mut buffer, &records, &options).expect("a batch encodes");
    buffer.freeze()
}

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.ok().and_then(|time| i64::try_from(time.as_millis()).ok()).unwrap_or_default()
}

fn name(topic: &str) -> TopicName {
    TopicName(StrBytes::from_string(topic.to_owned()))
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
