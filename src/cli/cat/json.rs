//! JSON as kcat's library writes it: in one line, strings byte for byte.

use super::text::Message;

/// An object or an array under construction.
#[derive(Debug, Default)]
pub(super) struct Json {
    out: Vec<u8>,
    /// Whether the next value or key stands behind another one.
    follows: bool,
}

impl Json {
    /// What was written.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    fn separate(&mut self) {
        if self.follows {
            self.out.push(b',');
        }
        self.follows = true;
    }

    /// Begins an object or an array.
    pub(super) fn open(&mut self, bracket: u8) {
        self.separate();
        self.out.push(bracket);
        self.follows = false;
    }

    /// Ends an object or an array.
    pub(super) fn close(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.follows = true;
    }

    /// A key; its value comes next.
    pub(super) fn key(&mut self, name: &str) {
        self.string(name.as_bytes());
        self.out.push(b':');
        self.follows = false;
    }

    /// A number.
    pub(super) fn number(&mut self, number: i64) {
        self.separate();
        self.out.extend(number.to_string().bytes());
    }

    /// A string, or null.
    pub(super) fn optional(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.string(bytes),
            None => {
                self.separate();
                self.out.extend(b"null");
            }
        }
    }

    /// A string; what is not UTF-8 stays as it is.
    pub(super) fn string(&mut self, bytes: &[u8]) {
        self.separate();
        self.out.push(b'"');
        for byte in bytes {
            match byte {
                b'"' | b'\\' => self.out.extend([b'\\', *byte]),
                8 => self.out.extend(b"\\b"),
                12 => self.out.extend(b"\\f"),
                b'\n' => self.out.extend(b"\\n"),
                b'\r' => self.out.extend(b"\\r"),
                b'\t' => self.out.extend(b"\\t"),
                byte if *byte < b' ' => self.out.extend(format!("\\u{byte:04X}").bytes()),
                byte => self.out.push(*byte),
            }
        }
        self.out.push(b'"');
    }

    /// A key with a string.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.key(name);
        self.string(value.as_bytes());
    }

    /// A key with a number.
    pub(super) fn integer(&mut self, name: &str, value: i64) {
        self.key(name);
        self.number(value);
    }
}

/// The envelope of a message (`-J`).
pub(super) fn envelope(message: &Message<'_>) -> Vec<u8> {
    let mut json = Json::default();
    json.open(b'{');
    json.text("topic", message.topic);
    json.integer("partition", i64::from(message.partition));
    json.integer("offset", message.offset);
    json.text("tstype", if message.append_time { "logappend" } else { "create" });
    json.integer("ts", message.timestamp);
    json.integer("broker", i64::from(message.broker));
    if !message.headers.is_empty() {
        json.key("headers");
        json.open(b'[');
        for (name, value) in message.headers {
            json.string(name);
            json.optional(*value);
        }
        json.close(b']');
    }
    json.key("key");
    json.optional(message.key);
    json.key("payload");
    json.optional(message.payload);
    json.close(b'}');
    json.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{Message, envelope};

    #[test]
    fn an_envelope_is_kcats() {
        let message = Message {
            topic: "t",
            partition: 0,
            offset: 3,
            timestamp: 5,
            append_time: false,
            broker: 1,
            key: None,
            payload: Some(b"a\"b\n\x01/"),
            headers: &[(b"h", Some(b"1")), (b"i", None)],
        };
        let wanted = concat!(
            r#"{"topic":"t","partition":0,"offset":3,"tstype":"create","ts":5,"broker":1,"#,
            r#""headers":["h","1","i",null],"key":null,"payload":"a\"b\n\u0001/"}"#,
        );
        assert_eq!(String::from_utf8_lossy(&envelope(&message)), wanted);
        let plain = Message { headers: &[], append_time: true, ..message };
        let text = envelope(&plain);
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains("headers") && text.contains("logappend"), "{text}");
    }
}
