//! The table of handlers and the one dispatcher.

use bytes::Bytes;
use kafka_protocol::messages::{ApiKey, RequestHeader as WireHeader};
use kafka_protocol::protocol::{Decodable, VersionRange};

use super::k18_api_versions;
use super::{Handler, Request, RequestError, RequestHeader};

/// When the next request of the same connection may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// When this one is answered. Kafka does so for every request.
    One,
    /// As soon as the handler has returned: it has fixed its place in every queue it goes to, and
    /// only the answer is outstanding.
    Two,
}

/// One row: an API key, when the next request may start, and its handler.
pub(crate) struct Entry(ApiKey, Stage, Handler);

impl Entry {
    /// When the next request of the same connection may start.
    pub(crate) fn stage(&self) -> Stage {
        self.1
    }

    /// Hands the request to its handler.
    pub(crate) fn handle(&self, request: Request) {
        (self.2)(request);
    }
}

/// What is served, by API key. A key without a row is not advertised.
static TABLE: &[Entry] = &[Entry(ApiKey::ApiVersions, Stage::One, k18_api_versions::handle)];

/// The versions served of an API, if it is served at all.
#[must_use]
pub fn supported_versions(key: ApiKey) -> Option<VersionRange> {
    entry(key).map(|_| key.valid_versions())
}

/// Every API that is served, with its versions.
pub(crate) fn advertised() -> impl Iterator<Item = (ApiKey, VersionRange)> {
    TABLE.iter().filter_map(|row| Some((row.0, supported_versions(row.0)?)))
}

fn entry(key: ApiKey) -> Option<&'static Entry> {
    TABLE.binary_search_by_key(&(key as i16), |row| row.0 as i16).ok().and_then(|i| TABLE.get(i))
}

/// Reads the header of a frame and finds its row; what is left of `frame` is the body.
///
/// ApiVersions alone passes with any version: its handler answers a version it does not know
/// in version 0, so that client and broker can agree on one (KIP-511).
///
/// # Errors
/// The connection must be closed.
pub(crate) fn dispatch(frame: &mut Bytes) -> Result<(RequestHeader, &'static Entry), RequestError> {
    let (Some(key), Some(version)) = (read_i16(frame, 0), read_i16(frame, 2)) else {
        return Err(RequestError::MalformedHeader);
    };
    let api_key = ApiKey::try_from(key).map_err(|()| RequestError::UnknownApi(key))?;
    let row = entry(api_key).ok_or(RequestError::NotServed(api_key))?;
    let served = api_key.valid_versions();
    let known = (served.min..=served.max).contains(&version);
    if !known && api_key != ApiKey::ApiVersions {
        return Err(RequestError::UnsupportedVersion(api_key, version));
    }
    let schema = if version < served.min { served.min } else { version.min(served.max) };
    let header = WireHeader::decode(frame, api_key.request_header_version(schema))
        .map_err(|_| RequestError::MalformedHeader)?;
    let header = RequestHeader {
        api_key,
        version,
        correlation_id: header.correlation_id,
        client_id: header.client_id,
    };
    Ok((header, row))
}

fn read_i16(frame: &Bytes, at: usize) -> Option<i16> {
    let bytes = frame.get(at..at + 2)?;
    Some(i16::from_be_bytes(bytes.try_into().ok()?))
}
