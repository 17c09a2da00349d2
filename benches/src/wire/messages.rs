//! Control requests and their replies.

use std::collections::BTreeMap;

use bytes::BufMut;

use super::fields::{Fields, Short, put_length, put_string};
use crate::error::BenchError;

/// An API that the bench actors use, with the versions they speak, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Api {
    pub(crate) key: i16,
    pub(crate) name: &'static str,
    versions: &'static [i16],
}

impl Api {
    pub(crate) const PRODUCE: Self =
        Self { key: 0, name: "Produce", versions: &[7, 8, 6, 5, 4, 3] };
    pub(crate) const FETCH: Self =
        Self { key: 1, name: "Fetch", versions: &[11, 10, 9, 8, 7, 6, 5, 4] };
    pub(crate) const LIST_OFFSETS: Self =
        Self { key: 2, name: "ListOffsets", versions: &[2, 1, 3, 4, 5] };
    pub(crate) const METADATA: Self = Self { key: 3, name: "Metadata", versions: &[4, 5, 6, 7] };
    pub(crate) const API_VERSIONS: Self = Self { key: 18, name: "ApiVersions", versions: &[0] };
    pub(crate) const CREATE_TOPICS: Self =
        Self { key: 19, name: "CreateTopics", versions: &[4, 3, 2] };
    pub(crate) const DELETE_TOPICS: Self =
        Self { key: 20, name: "DeleteTopics", versions: &[1, 2, 3] };
}

/// The timestamp that asks ListOffsets for the end of a log.
pub(crate) const LATEST: i64 = -1;
/// The timestamp that asks ListOffsets for the start of a log.
pub(crate) const EARLIEST: i64 = -2;

/// The versions a broker has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Versions(BTreeMap<i16, (i16, i16)>);

impl Versions {
    /// The best version of `api` that both sides speak.
    pub(crate) fn pick(&self, api: Api) -> Result<i16, BenchError> {
        let theirs = self.0.get(&api.key).copied();
        let both = theirs.and_then(|(low, high)| {
            api.versions.iter().copied().find(|version| (low..=high).contains(version))
        });
        both.ok_or_else(|| BenchError::Version {
            api: api.name,
            ours: (
                api.versions.iter().copied().min().unwrap_or(0),
                api.versions.iter().copied().max().unwrap_or(0),
            ),
            theirs,
        })
    }
}

/// Reads the reply to ApiVersions.
pub(super) fn api_versions(reply: &[u8]) -> Result<(i16, Versions), Short> {
    let mut fields = Fields::new(reply);
    let code = fields.i16()?;
    let mut versions = BTreeMap::new();
    for _ in 0..fields.length()? {
        versions.insert(fields.i16()?, (fields.i16()?, fields.i16()?));
    }
    Ok((code, Versions(versions)))
}

/// A topic as the broker describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) code: i16,
    /// The leader of each partition, -1 where there is none.
    pub(crate) leaders: Vec<i32>,
}

/// The nodes of a cluster and some of its topics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// `HOST:PORT` of each node.
    pub(crate) nodes: BTreeMap<i32, String>,
    pub(crate) topics: Vec<Topic>,
}

/// Asks for `topics`, without creating them.
pub(super) fn metadata_request(topics: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    put_length(&mut out, topics.len());
    topics.iter().for_each(|topic| put_string(&mut out, topic));
    out.put_i8(0);
    out
}

/// Reads the reply to Metadata.
pub(super) fn metadata(version: i16, reply: &[u8]) -> Result<Metadata, Short> {
    let mut fields = Fields::new(reply);
    let mut found = Metadata::default();
    fields.i32()?;
    for _ in 0..fields.length()? {
        let (id, host, port) = (fields.i32()?, fields.string()?, fields.i32()?);
        fields.string()?;
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        found.nodes.insert(id, format!("{host}:{port}"));
    }
    fields.string()?;
    fields.i32()?;
    for _ in 0..fields.length()? {
        found.topics.push(topic(version, &mut fields)?);
    }
    Ok(found)
}

fn topic(version: i16, fields: &mut Fields<'_>) -> Result<Topic, Short> {
    let code = fields.i16()?;
    let name = fields.string()?.to_owned();
    fields.i8()?;
    let mut leaders = BTreeMap::new();
    for _ in 0..fields.length()? {
        fields.i16()?;
        leaders.insert(fields.i32()?, fields.i32()?);
        if version >= 7 {
            fields.i32()?;
        }
        // replicas, those in sync, and those offline
        for _ in 0..if version >= 5 { 3 } else { 2 } {
            for _ in 0..fields.length()? {
                fields.i32()?;
            }
        }
    }
    Ok(Topic { name, code, leaders: leaders.into_values().collect() })
}

/// Asks for one topic to be created.
pub(super) fn create_topic_request(
    name: &str,
    partitions: i32,
    replication_factor: i16,
    settings: &[(String, String)],
) -> Vec<u8> {
    let mut out = Vec::new();
    put_length(&mut out, 1);
    put_string(&mut out, name);
    out.put_i32(partitions);
    out.put_i16(replication_factor);
    put_length(&mut out, 0);
    put_length(&mut out, settings.len());
    for (key, value) in settings {
        put_string(&mut out, key);
        put_string(&mut out, value);
    }
    out.put_i32(60_000);
    out.put_i8(0);
    out
}

/// The error code in the reply to CreateTopics.
pub(super) fn created(reply: &[u8]) -> Result<i16, Short> {
    let mut fields = Fields::new(reply);
    fields.i32()?;
    fields.length()?;
    fields.string()?;
    fields.i16()
}

/// Asks for one topic to be deleted.
pub(super) fn delete_topic_request(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    put_length(&mut out, 1);
    put_string(&mut out, name);
    out.put_i32(60_000);
    out
}

/// Asks for an offset of each of `partitions`.
pub(super) fn list_offsets_request(
    version: i16,
    topic: &str,
    partitions: &[i32],
    timestamp: i64,
) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_i32(-1);
    if version >= 2 {
        out.put_i8(0);
    }
    put_length(&mut out, 1);
    put_string(&mut out, topic);
    put_length(&mut out, partitions.len());
    for partition in partitions {
        out.put_i32(*partition);
        if version >= 4 {
            out.put_i32(-1);
        }
        out.put_i64(timestamp);
    }
    out
}

/// The reply to ListOffsets: for each partition its error code and its offset.
pub(super) fn offsets(version: i16, reply: &[u8]) -> Result<BTreeMap<i32, (i16, i64)>, Short> {
    let mut fields = Fields::new(reply);
    let mut found = BTreeMap::new();
    if version >= 2 {
        fields.i32()?;
    }
    for _ in 0..fields.length()? {
        fields.string()?;
        for _ in 0..fields.length()? {
            let (partition, code) = (fields.i32()?, fields.i16()?);
            fields.i64()?;
            found.insert(partition, (code, fields.i64()?));
            if version >= 4 {
                fields.i32()?;
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_version_of_both_is_picked() {
        let versions = Versions(BTreeMap::from([(0, (3, 13)), (1, (12, 17))]));
        assert_eq!(versions.pick(Api::PRODUCE).unwrap(), 7);
        let text = versions.pick(Api::FETCH).unwrap_err().to_string();
        assert_eq!(text, "Fetch: the broker has versions 12 to 17, the bench actors 4 to 11");
        assert!(versions.pick(Api::METADATA).is_err());
    }

    #[test]
    fn a_cut_reply_is_no_reply() {
        assert!(api_versions(&[0, 0, 0, 0, 0, 1, 0]).is_err());
        assert!(metadata(4, &[0; 7]).is_err());
        assert!(created(&[0; 5]).is_err());
        assert!(offsets(2, &[0, 0, 0, 0, 0, 0, 0, 1]).is_err());
    }

    #[test]
    fn offsets_are_read_in_every_version() {
        for version in [1, 2, 4, 5] {
            let mut reply = Vec::new();
            if version >= 2 {
                reply.put_i32(0);
            }
            put_length(&mut reply, 1);
            put_string(&mut reply, "t");
            put_length(&mut reply, 1);
            reply.put_i32(3);
            reply.put_i16(0);
            reply.put_i64(-1);
            reply.put_i64(77);
            if version >= 4 {
                reply.put_i32(0);
            }
            assert_eq!(offsets(version, &reply), Ok(BTreeMap::from([(3, (0, 77))])));
        }
    }
}
