//! Tests of kcat's little languages.

use super::{Format, Message, TextError, check_pack, delimiter};

fn message<'a>() -> Message<'a> {
    Message {
        topic: "t",
        partition: 2,
        offset: 7,
        timestamp: 1000,
        append_time: false,
        broker: 1,
        key: Some(b"k"),
        payload: Some(b"value"),
        headers: &[(b"a", Some(b"1")), (b"b", None), (b"c", Some(b""))],
    }
}

fn written(format: &Format, message: &Message<'_>) -> String {
    let mut out = Vec::new();
    format.write(message, &mut out).expect("written");
    String::from_utf8(out).expect("text")
}

#[test]
fn every_letter_of_a_format_means_what_it_means_to_kcat() {
    let format = Format::parse("%t [%p] @%o %T: %k(%K)=%s(%S) %h 100%%\\n").expect("a format");
    assert_eq!(written(&format, &message()), "t [2] @7 1000: k(1)=value(5) a=1,b=NULL,c= 100%\n");
    let none = Message { key: None, payload: None, headers: &[], ..message() };
    assert_eq!(written(&format, &none), "t [2] @7 1000: (-1)=(-1)  100%\n");
    let shown = format.with(Some("NULL"), None, None);
    assert_eq!(written(&shown, &none), "t [2] @7 1000: NULL(-1)=NULL(-1)  100%\n");
    let mut out = Vec::new();
    Format::parse("%R").expect("a format").write(&message(), &mut out).expect("written");
    Format::parse("%R").expect("a format").write(&none, &mut out).expect("written");
    assert_eq!(out, [0, 0, 0, 5, 255, 255, 255, 255]);
}

#[test]
fn escapes_are_read_as_kcat_reads_them() {
    let text = |format| written(&Format::parse(format).expect("a format"), &message());
    assert_eq!(text("a\\tb\\r\\n"), "a\tb\r\n");
    assert_eq!(text("\\x41\\65\\0101"), "AAA");
    assert_eq!(text("\\q\\\\"), "q\\");
    assert_eq!(Format::parse("%"), Err(TextError::EmptyFormatter));
    assert_eq!(Format::parse("%z"), Err(TextError::Formatter('z')));
}

#[test]
fn delimiters_are_bytes() {
    for (text, wanted) in
        [("", &b""[..]), ("\\n", b"\n"), ("\\t\\n\\n", b"\t\n\n"), ("\\x54!\\x45\\x53T", b"T!EST")]
    {
        assert_eq!(delimiter(text).as_deref(), Ok(wanted), "{text}");
    }
    assert_eq!(delimiter("a\\x"), Err(TextError::Hex("\\x".to_owned())));
    let format = Format::delimited(Some(b":"), b"|");
    assert_eq!(written(&format, &message()), "k:value|");
    assert_eq!(written(&Format::delimited(None, b"\n"), &message()), "value\n");
}

#[test]
fn fields_are_unpacked() {
    let unpacked = |pack: &str, bytes: &[u8]| {
        let format = Format::parse("%s").expect("a format");
        let format = format.with(None, None, Some(pack.to_owned()));
        let mut out = Vec::new();
        format
            .write(&Message { payload: Some(bytes), ..message() }, &mut out)
            .map(|()| String::from_utf8(out).expect("text"))
    };
    let bytes = [0xff, 0xfe, 0, 1, 0xff, 0xff, 0xff, 0xff, b'x', b'y'];
    assert_eq!(unpacked("h H I s", &bytes).as_deref(), Ok("-2 1 4294967295 xy"));
    assert_eq!(unpacked("<hHi cs$", &bytes).as_deref(), Ok("-257256-1 xy"));
    assert_eq!(unpacked("bB", &bytes).as_deref(), Ok("-1254"));
    assert_eq!(unpacked("q", &[0x80, 0, 0, 0, 0, 0, 0, 0]).as_deref(), Ok("-9223372036854775808"));
    let short = TextError::Truncated { what: "value", needed: 8, token: 'q', left: 2 };
    assert_eq!(unpacked("q", &[1, 2]), Err(short));
    assert_eq!(unpacked("b$", &[1, 2]), Err(TextError::NotAtEnd { what: "value", left: 1 }));
    assert_eq!(check_pack("key", "iz"), Err(TextError::PackToken('z', "key")));
    assert_eq!(check_pack("key", ""), Err(TextError::EmptyPack("key")));
    assert_eq!(check_pack("key", "<i$"), Ok(()));
}
