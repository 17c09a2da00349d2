//! A connection for control requests, one at a time.

use std::time::Duration;

use bytes::BufMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fields::{Fields, Short, close_frame, put_header};
use super::messages::{self, Api, Metadata, Topic, Versions};
use crate::clock::{SECOND, now};
use crate::error::BenchError;

/// The longest a control request may take.
const LIMIT: Duration = Duration::from_secs(60);
/// The longest a new topic may be without leaders.
const LEADERS: u64 = 90 * SECOND;
/// The largest reply that is believed.
const LARGEST: usize = 256 * 1024 * 1024;

/// Topic already there.
const EXISTS: i16 = 36;
/// Codes that pass once a new topic has settled: no such partition or topic, no leader yet.
const SETTLING: [i16; 4] = [3, 5, 6, 9];

/// Opens a connection that sends small requests at once.
pub(crate) async fn connect(address: &str) -> Result<TcpStream, BenchError> {
    let unreachable = |source| BenchError::Unreachable { address: address.to_owned(), source };
    let opened = tokio::time::timeout(LIMIT, TcpStream::connect(address)).await;
    let stream = match opened {
        Ok(stream) => stream.map_err(unreachable)?,
        Err(_) => return Err(unreachable(std::io::ErrorKind::TimedOut.into())),
    };
    stream.set_nodelay(true).map_err(unreachable)?;
    Ok(stream)
}

/// A connection whose broker has said which versions it speaks.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    address: String,
    correlation: i32,
    versions: Versions,
}

impl Client {
    /// Connects and asks for the versions.
    pub(crate) async fn connect(address: &str) -> Result<Self, BenchError> {
        let stream = connect(address).await?;
        let mut client = Self {
            stream,
            address: address.to_owned(),
            correlation: 0,
            versions: Versions::default(),
        };
        client.versions = client.api_versions().await?;
        Ok(client)
    }

    /// The versions of the broker.
    pub(crate) fn versions(&self) -> &Versions {
        &self.versions
    }

    /// Sends a whole frame and returns the reply without its length.
    pub(crate) async fn exchange(
        &mut self,
        api: &'static str,
        frame: &[u8],
    ) -> Result<Vec<u8>, BenchError> {
        let lost = |source| BenchError::Lost { what: api, source };
        let exchange = async {
            self.stream.write_all(frame).await.map_err(lost)?;
            let length = self.stream.read_i32().await.map_err(lost)?;
            let length = usize::try_from(length).ok().filter(|length| *length <= LARGEST);
            let mut reply = vec![0; length.ok_or(BenchError::Malformed { api })?];
            self.stream.read_exact(&mut reply).await.map_err(lost)?;
            Ok(reply)
        };
        match tokio::time::timeout(LIMIT, exchange).await {
            Ok(reply) => reply,
            Err(_) => Err(BenchError::Late { what: format!("the reply to {api}") }),
        }
    }

    /// Sends a request; returns the fields of its reply.
    async fn call(&mut self, api: Api, version: i16, body: &[u8]) -> Result<Vec<u8>, BenchError> {
        self.correlation += 1;
        let mut frame = Vec::with_capacity(body.len() + 64);
        put_header(&mut frame, api.key, version, self.correlation);
        frame.put_slice(body);
        close_frame(&mut frame, 0);
        let mut reply = self.exchange(api.name, &frame).await?;
        if Fields::new(&reply).i32() != Ok(self.correlation) {
            return Err(BenchError::Malformed { api: api.name });
        }
        reply.drain(..4);
        Ok(reply)
    }

    /// Asks for the versions again: the smallest of all requests.
    pub(crate) async fn api_versions(&mut self) -> Result<Versions, BenchError> {
        let reply = self.call(Api::API_VERSIONS, 0, &[]).await?;
        let (code, versions) = messages::api_versions(&reply).map_err(no(Api::API_VERSIONS))?;
        BenchError::check(|| "ApiVersions".into(), code)?;
        Ok(versions)
    }

    /// Asks for the nodes and for `topics`.
    pub(crate) async fn metadata(&mut self, topics: &[&str]) -> Result<Metadata, BenchError> {
        let version = self.versions.pick(Api::METADATA)?;
        let reply = self.call(Api::METADATA, version, &messages::metadata_request(topics)).await?;
        messages::metadata(version, &reply).map_err(no(Api::METADATA))
    }

    /// The topic as it is.
    pub(crate) async fn topic(&mut self, name: &str) -> Result<Topic, BenchError> {
        let found = self.metadata(&[name]).await?.topics.into_iter().find(|t| t.name == name);
        let topic = found.ok_or(BenchError::Malformed { api: Api::METADATA.name })?;
        BenchError::check(|| format!("topic {name}"), topic.code)?;
        Ok(topic)
    }

    /// Creates a topic unless it is there, and waits until each of its partitions has a leader.
    /// Also says whether it was created.
    pub(crate) async fn ensure_topic(
        &mut self,
        name: &str,
        partitions: i32,
        replication_factor: i16,
        settings: &[(String, String)],
    ) -> Result<(Topic, bool), BenchError> {
        let version = self.versions.pick(Api::CREATE_TOPICS)?;
        let body = messages::create_topic_request(name, partitions, replication_factor, settings);
        let reply = self.call(Api::CREATE_TOPICS, version, &body).await?;
        let code = messages::created(&reply).map_err(no(Api::CREATE_TOPICS))?;
        if code != EXISTS {
            BenchError::check(|| format!("CreateTopics {name}"), code)?;
        }
        let wanted = usize::try_from(partitions).unwrap_or(0);
        let begun = now();
        loop {
            match self.topic(name).await {
                Ok(topic) if topic.leaders.len() != wanted && code == EXISTS => {
                    let has = topic.leaders.len();
                    let what = format!(
                        "topic {name} is there with {has} partitions: use --partitions {has} or \
                         another --topic"
                    );
                    return Err(BenchError::Options { what });
                }
                Ok(topic) => {
                    if topic.leaders.len() >= wanted && topic.leaders.iter().all(|l| *l >= 0) {
                        return Ok((topic, code != EXISTS));
                    }
                }
                Err(BenchError::Refused { code, .. }) if SETTLING.contains(&code) => {}
                Err(error) => return Err(error),
            }
            if now() - begun > LEADERS {
                return Err(BenchError::Late { what: format!("the leaders of topic {name}") });
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Deletes a topic.
    pub(crate) async fn delete_topic(&mut self, name: &str) -> Result<(), BenchError> {
        let version = self.versions.pick(Api::DELETE_TOPICS)?;
        self.call(Api::DELETE_TOPICS, version, &messages::delete_topic_request(name)).await?;
        Ok(())
    }

    /// An offset of each of `partitions`, in their order; waits for leaders of a new topic.
    pub(crate) async fn offsets(
        &mut self,
        topic: &str,
        partitions: &[i32],
        timestamp: i64,
    ) -> Result<Vec<i64>, BenchError> {
        let version = self.versions.pick(Api::LIST_OFFSETS)?;
        let body = messages::list_offsets_request(version, topic, partitions, timestamp);
        let begun = now();
        loop {
            let reply = self.call(Api::LIST_OFFSETS, version, &body).await?;
            let found = messages::offsets(version, &reply).map_err(no(Api::LIST_OFFSETS))?;
            let failed = found.iter().find(|(_, (code, _))| *code != 0);
            match failed {
                None => {
                    let offset = |p: &i32| found.get(p).map(|(_, offset)| *offset);
                    let all: Option<Vec<i64>> = partitions.iter().map(offset).collect();
                    return all.ok_or(BenchError::Malformed { api: Api::LIST_OFFSETS.name });
                }
                Some((_, (code, _))) if SETTLING.contains(code) && now() - begun < LEADERS => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Some((partition, (code, _))) => {
                    let what = format!("ListOffsets {topic}-{partition}");
                    return Err(BenchError::Refused { what, code: *code });
                }
            }
        }
    }

    /// The nodes of the cluster: for each its address and the partitions of `topic` that it
    /// leads. The one broker of a single node is reached as this connection has reached it.
    pub(crate) async fn leaders(
        &mut self,
        topic: &Topic,
    ) -> Result<Vec<(String, Vec<i32>)>, BenchError> {
        let nodes = self.metadata(&[]).await?.nodes;
        let mut led: Vec<(i32, Vec<i32>)> = Vec::new();
        for (partition, leader) in (0..).zip(&topic.leaders) {
            match led.iter_mut().find(|(node, _)| node == leader) {
                Some((_, partitions)) => partitions.push(partition),
                None => led.push((*leader, vec![partition])),
            }
        }
        let alone = nodes.len() <= 1;
        let address = |node: &i32| match nodes.get(node) {
            Some(address) if !alone => address.clone(),
            _ => self.address.clone(),
        };
        Ok(led.into_iter().map(|(node, partitions)| (address(&node), partitions)).collect())
    }
}

fn no(api: Api) -> impl FnOnce(Short) -> BenchError {
    move |Short| BenchError::Malformed { api: api.name }
}
