//! Records of `__consumer_offsets` as JSON, with the fields in the order of Kafka's schemas.

use ottla_actors::client::ConsumerRecord;
use ottla_core::group::{CommittedOffset, GroupMetadata, GroupRecord, MemberMetadata};

use super::format::FormatError;

/// Which records are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coordinator {
    /// Committed offsets.
    Offsets,
    /// Groups and their members.
    Groups,
}

impl Coordinator {
    /// Adds the text of a record, if it is of this kind.
    pub(super) fn write(
        self,
        record: &ConsumerRecord,
        out: &mut Vec<u8>,
    ) -> Result<(), FormatError> {
        let Some(key) = &record.key else { return Ok(()) };
        let decoded = GroupRecord::decode(key, record.value.as_ref()).map_err(|error| {
            let offset = record.offset;
            FormatError(format!("Could not read record at offset {offset} due to: {error}"))
        })?;
        let written = record.value.as_deref().map_or(0, version);
        let (data, value) = match (self, decoded) {
            (Self::Offsets, GroupRecord::Offset(key, value)) => {
                let data = object(&[
                    ("group", quoted(&key.group)),
                    ("topic", quoted(&key.topic)),
                    ("partition", key.partition.to_string()),
                ]);
                (data, value.map(|value| committed(&value, written)))
            }
            (Self::Groups, GroupRecord::Group(group, value)) => {
                let data = object(&[("group", quoted(&group))]);
                (data, value.map(|value| generation(&value, written)))
            }
            _ => return Ok(()),
        };
        let key = object(&[("type", version(key).to_string()), ("data", data)]);
        let value = value.map_or("null".to_owned(), |data| {
            object(&[("version", written.to_string()), ("data", data)])
        });
        // without a line end, as Kafka's
        out.extend_from_slice(object(&[("key", key), ("value", value)]).as_bytes());
        Ok(())
    }
}

/// The number that a key or a value begins with.
fn version(bytes: &[u8]) -> i16 {
    bytes.first_chunk::<2>().map_or(-1, |version| i16::from_be_bytes(*version))
}

fn committed(value: &CommittedOffset, version: i16) -> String {
    let mut fields = vec![("offset", value.offset.to_string())];
    if version >= 3 {
        fields.push(("leaderEpoch", value.leader_epoch.to_string()));
    }
    fields.push(("metadata", quoted(&value.metadata)));
    fields.push(("commitTimestamp", value.commit_timestamp.to_string()));
    if version == 1 {
        fields.push(("expireTimestamp", value.expire_timestamp.unwrap_or(-1).to_string()));
    }
    if version >= 4 && !value.topic_id.is_nil() {
        let id = base64(value.topic_id.as_bytes(), URL_SAFE);
        fields.push(("topicId", quoted(id.trim_end_matches('='))));
    }
    object(&fields)
}

fn generation(value: &GroupMetadata, version: i16) -> String {
    let nullable = |text: Option<&str>| text.map_or("null".to_owned(), quoted);
    let mut fields = vec![
        ("protocolType", quoted(&value.protocol_type)),
        ("generation", value.generation.to_string()),
        ("protocol", nullable(value.protocol.as_deref())),
        ("leader", nullable(value.leader.as_deref())),
    ];
    if version >= 2 {
        fields.push(("currentStateTimestamp", value.state_timestamp.to_string()));
    }
    let members: Vec<String> = value.members.iter().map(|m| member(m, version)).collect();
    fields.push(("members", format!("[{}]", members.join(","))));
    object(&fields)
}

fn member(member: &MemberMetadata, version: i16) -> String {
    let mut fields = vec![("memberId", quoted(&member.member_id))];
    if version >= 3 {
        let id = member.instance_id.as_deref();
        fields.push(("groupInstanceId", id.map_or("null".to_owned(), quoted)));
    }
    fields.push(("clientId", quoted(&member.client_id)));
    fields.push(("clientHost", quoted(&member.client_host)));
    if version >= 1 {
        fields.push(("rebalanceTimeout", member.rebalance_timeout.to_string()));
    }
    fields.push(("sessionTimeout", member.session_timeout.to_string()));
    fields.push(("subscription", quoted(&base64(&member.subscription, STANDARD))));
    fields.push(("assignment", quoted(&base64(&member.assignment, STANDARD))));
    object(&fields)
}

fn object(fields: &[(&str, String)]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

/// `text` as a JSON string, as Jackson writes it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The last two digits of base64, in its two alphabets.
const STANDARD: [char; 2] = ['+', '/'];
const URL_SAFE: [char; 2] = ['-', '_'];

fn base64(bytes: &[u8], last: [char; 2]) -> String {
    let digit = |six: u32| match six & 63 {
        n @ 0..26 => char::from_u32(n + 65),
        n @ 26..52 => char::from_u32(n - 26 + 97),
        n @ 52..62 => char::from_u32(n - 52 + 48),
        62 => Some(last[0]),
        _ => Some(last[1]),
    };
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4_usize {
            let digit = digit(bits >> (18 - 6 * place)).unwrap_or('=');
            out.push(if place <= chunk.len() { digit } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_text_are_written_as_jackson_writes_them() {
        for (bytes, text) in
            [("", ""), ("M", "TQ=="), ("Ma", "TWE="), ("Man", "TWFu"), ("??>", "Pz8+")]
        {
            assert_eq!(base64(bytes.as_bytes(), STANDARD), text);
        }
        assert_eq!(base64(b"\xff\xff\xfe", URL_SAFE), "___-");
        assert_eq!(quoted("a\"\\\n\u{1}é"), "\"a\\\"\\\\\\n\\u0001é\"");
    }
}
