//! ApiVersions (key 18), versions 0–4: what this broker serves.
//!
//! | version | added |
//! |---|---|
//! | 1 | throttle time |
//! | 3 | flexible; the client names its software (KIP-511); features (KIP-584) |
//! | 4 | features whose lowest version is 0 |

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse};
use ottla_core::wire::api::Api;

use super::table::advertised;
use super::{Request, Segment, encode};
use crate::protocol::ClientSoftware;

/// Answers with the table of what is served.
pub(crate) fn handle(mut request: Request) {
    if !Api::find(ApiKey::ApiVersions).is_some_and(|api| api.serves(request.header.version)) {
        return refuse_version(request);
    }
    let Ok(body) = request.decode::<ApiVersionsRequest>() else { return };
    if request.header.version >= 3 {
        let software = ClientSoftware {
            name: body.client_software_name.to_string(),
            version: body.client_software_version.to_string(),
        };
        if !is_software_word(&software.name) || !is_software_word(&software.version) {
            let code = ResponseError::InvalidRequest.code();
            return request.respond(&ApiVersionsResponse::default().with_error_code(code));
        }
        // a second ApiVersions on the same connection changes nothing
        drop(request.session.software.set(software));
    }
    let keys = advertised().map(row).collect();
    request.respond(&ApiVersionsResponse::default().with_api_keys(keys));
}

/// Answers in version 0 with the versions of ApiVersions itself.
fn refuse_version(request: Request) {
    let response = ApiVersionsResponse::default()
        .with_error_code(ResponseError::UnsupportedVersion.code())
        .with_api_keys(Api::find(ApiKey::ApiVersions).map(row).into_iter().collect());
    if let Ok(bytes) = encode(ApiKey::ApiVersions, 0, request.header.correlation_id, &response) {
        request.reply.send(vec![Segment::Bytes(bytes)]);
    }
}

fn row(api: &Api) -> ApiVersion {
    ApiVersion::default()
        .with_api_key(api.key as i16)
        .with_min_version(api.min)
        .with_max_version(api.max)
}

/// Kafka's rule for names and versions of client software: letters and digits, with `-` and `.`
/// inside.
fn is_software_word(word: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    edge(word.chars().next())
        && edge(word.chars().next_back())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
}
