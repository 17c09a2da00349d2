//! Kafka's own deserializers, as far as they turn bytes into text.

/// The package of Kafka's deserializers.
const PACKAGE: &str = "org.apache.kafka.common.serialization.";

/// What turns bytes into text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deserializer {
    Text,
    Short,
    Integer,
    Long,
    Float,
    Double,
    Boolean,
    Uuid,
    Bytes,
    ByteBuffer,
}

impl Deserializer {
    /// The deserializer of this class, if it is known.
    pub(super) fn of_class(name: &str) -> Option<Self> {
        match name.strip_prefix(PACKAGE)? {
            "StringDeserializer" => Some(Self::Text),
            "ShortDeserializer" => Some(Self::Short),
            "IntegerDeserializer" => Some(Self::Integer),
            "LongDeserializer" => Some(Self::Long),
            "FloatDeserializer" => Some(Self::Float),
            "DoubleDeserializer" => Some(Self::Double),
            "BooleanDeserializer" => Some(Self::Boolean),
            "UUIDDeserializer" => Some(Self::Uuid),
            "BytesDeserializer" => Some(Self::Bytes),
            "ByteBufferDeserializer" => Some(Self::ByteBuffer),
            _ => None,
        }
    }

    /// The text of `bytes`, as Java prints the value.
    ///
    /// # Errors
    /// The bytes are not such a value; the message of Kafka's exception.
    pub(super) fn text(self, bytes: &[u8]) -> Result<String, String> {
        match self {
            Self::Text => Ok(String::from_utf8_lossy(bytes).into_owned()),
            Self::Short => sized(bytes, "Short").map(|b| i16::from_be_bytes(b).to_string()),
            Self::Integer => sized(bytes, "Integer").map(|b| i32::from_be_bytes(b).to_string()),
            Self::Long => sized(bytes, "Long").map(|b| i64::from_be_bytes(b).to_string()),
            Self::Float => sized(bytes, "Float").map(|b| {
                let number = f32::from_be_bytes(b);
                java_number(number.is_nan(), f64::from(number), &format!("{number:e}"))
            }),
            Self::Double => sized(bytes, "Double").map(|b| {
                let number = f64::from_be_bytes(b);
                java_number(number.is_nan(), number, &format!("{number:e}"))
            }),
            Self::Boolean => match bytes {
                [0] => Ok("false".to_owned()),
                [1] => Ok("true".to_owned()),
                [_] => Err("Unexpected byte received by BooleanDeserializer: ".to_owned()
                    + &bytes.first().map_or(0, |byte| byte.cast_signed()).to_string()),
                _ => Err("Size of data received by BooleanDeserializer is not 1".to_owned()),
            },
            Self::Uuid => uuid(bytes).ok_or_else(|| "Error parsing data into UUID".to_owned()),
            Self::Bytes => Ok(printable(bytes)),
            Self::ByteBuffer => {
                let length = bytes.len();
                Ok(format!("java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]"))
            }
        }
    }
}

/// `UUID.fromString` and back: five numbers, of which leading zeros may be missing.
fn uuid(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= 36)?;
    let widths = [8, 4, 4, 4, 12];
    let mut parts = text.split('-');
    let mut number = 0_u128;
    for width in widths {
        let part = parts.next().filter(|part| part.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let part = u64::from_str_radix(part, 16).ok()?;
        // what is too long is cut
        number = number << (4 * width) | u128::from(part & ((1 << (4 * width)) - 1));
    }
    parts.next().is_none().then(|| uuid::Uuid::from_u128(number).to_string())
}

fn sized<const N: usize>(bytes: &[u8], name: &str) -> Result<[u8; N], String> {
    let wrong = || format!("Size of data received by {name}Deserializer is not {N}");
    bytes.try_into().map_err(|_| wrong())
}

/// Kafka's `Bytes.toString`: what is not printable ASCII in hexadecimal.
fn printable(bytes: &[u8]) -> String {
    let mut out = String::new();
    for byte in bytes {
        match byte {
            b' '..=b'~' if *byte != b'\\' => out.push(char::from(*byte)),
            _ => out.push_str(&format!("\\x{byte:02X}")),
        }
    }
    out
}

/// A number as Java's `Double.toString` writes it, from its shortest digits in scientific form.
fn java_number(nan: bool, number: f64, scientific: &str) -> String {
    if nan {
        return "NaN".to_owned();
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    if number.is_infinite() {
        return format!("{sign}Infinity");
    }
    if number == 0.0 {
        return format!("{sign}0.0");
    }
    let (digits, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let split = |at: usize| {
        let (whole, part) = digits.split_at(at.min(digits.len()));
        let part = if part.is_empty() { "0" } else { part };
        format!("{whole}.{part}")
    };
    match exponent {
        0..7 => {
            let wanted = usize::try_from(exponent).unwrap_or(0) + 1;
            if digits.len() < wanted {
                let missing = i32::try_from(wanted - digits.len()).unwrap_or(0);
                return format!("{sign}{digits}{}.0", zeros(missing));
            }
            format!("{sign}{}", split(wanted))
        }
        -3..0 => format!("{sign}0.{}{digits}", zeros(-exponent - 1)),
        _ => format!("{sign}{}E{exponent}", split(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_java_writes_them() {
        use Deserializer as D;
        for (deserializer, bytes, text) in [
            (D::Text, b"caf\xc3\xa9 \xff".to_vec(), "caf\u{e9} \u{fffd}"),
            (D::Short, (-2_i16).to_be_bytes().to_vec(), "-2"),
            (D::Integer, 7_i32.to_be_bytes().to_vec(), "7"),
            (D::Long, i64::MIN.to_be_bytes().to_vec(), "-9223372036854775808"),
            (D::Double, 1.0_f64.to_be_bytes().to_vec(), "1.0"),
            (D::Double, 1e7_f64.to_be_bytes().to_vec(), "1.0E7"),
            (D::Double, 1_234_567.5_f64.to_be_bytes().to_vec(), "1234567.5"),
            (D::Double, 100.0_f64.to_be_bytes().to_vec(), "100.0"),
            (D::Double, 0.001_f64.to_be_bytes().to_vec(), "0.001"),
            (D::Double, 0.000_12_f64.to_be_bytes().to_vec(), "1.2E-4"),
            (D::Double, (-0.0_f64).to_be_bytes().to_vec(), "-0.0"),
            (D::Double, f64::NEG_INFINITY.to_be_bytes().to_vec(), "-Infinity"),
            (D::Double, f64::NAN.to_be_bytes().to_vec(), "NaN"),
            (D::Float, 3.4e10_f32.to_be_bytes().to_vec(), "3.4E10"),
            (D::Float, 0.1_f32.to_be_bytes().to_vec(), "0.1"),
            (D::Boolean, vec![1], "true"),
            (
                D::Uuid,
                b"123E4567-e89b-12d3-a456-426614174000".to_vec(),
                "123e4567-e89b-12d3-a456-426614174000",
            ),
            (D::Uuid, b"1-2-3-4-5".to_vec(), "00000001-0002-0003-0004-000000000005"),
            (D::Bytes, b"a\\b\x00\xff".to_vec(), "a\\x5Cb\\x00\\xFF"),
            (D::ByteBuffer, vec![0; 3], "java.nio.HeapByteBuffer[pos=0 lim=3 cap=3]"),
        ] {
            assert_eq!(deserializer.text(&bytes), Ok(text.to_owned()), "{deserializer:?}");
        }
        let wrong = D::Long.text(b"null").unwrap_err();
        assert_eq!(wrong, "Size of data received by LongDeserializer is not 8");
        for wrong in ["", "1-2-3-4", "1-2-3-4-5-6", "1-2-3-4-x", "null"] {
            assert!(D::Uuid.text(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
        assert_eq!(Deserializer::of_class("my.Own"), None);
    }
}
