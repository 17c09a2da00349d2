//! Errors as Java's tools name them: the class of Kafka's exception and its message.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;
use ottla_actors::client::ClientError;
use ottla_actors::client::admin::Refusal;

use super::wording;

/// An error as `Throwable.toString` gives it: the class of the exception and its message.
pub(crate) fn thrown(error: &ClientError) -> String {
    match error {
        ClientError::Refused(error) => named(*error, wording::response(*error)),
        ClientError::TimedOut => {
            named(ResponseError::RequestTimedOut, "Timed out waiting for an answer.")
        }
        ClientError::Unsupported { key, wanted: (first, last), offered } => {
            let mut message = format!("The node does not support {}", request_name(*key));
            if let Some((low, high)) = offered {
                message.push_str(&format!(
                    " with version in range [{first},{last}]. The supported range is \
                     [{low},{high}]."
                ));
            }
            named(ResponseError::UnsupportedVersion, &message)
        }
        other => named(ResponseError::NetworkException, &wording::client(other)),
    }
}

/// A request as Java's constants name it.
fn request_name(key: i16) -> String {
    let Ok(known) = ApiKey::try_from(key) else { return key.to_string() };
    let mut name = String::new();
    for c in format!("{known:?}").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    name
}

/// What a broker refused, as `Throwable.toString` gives it.
pub(crate) fn refused(refusal: &Refusal) -> String {
    named(refusal.error, &wording::refusal(refusal))
}

/// An exception of Kafka's with a message.
pub(crate) fn named(error: ResponseError, message: &str) -> String {
    format!("{}: {message}", class_name(error))
}

/// The full name of the class of the exception for an error.
pub(crate) fn class_name(error: ResponseError) -> String {
    format!("org.apache.kafka.common.errors.{}", class(error))
}

/// The class of the exception for an error (`Errors.java`).
fn class(error: ResponseError) -> String {
    use ResponseError as E;
    let odd = match error {
        E::NonEmptyGroup => "GroupNotEmptyException",
        E::RequestTimedOut => "TimeoutException",
        E::CorruptMessage => "CorruptRecordException",
        E::MessageTooLarge => "RecordTooLargeException",
        E::TopicAlreadyExists => "TopicExistsException",
        E::StaleControllerEpoch => "ControllerMovedException",
        E::ElectionNotNeeded => "ElectionNotNeededException",
        E::UnsupportedForMessageFormat => "UnsupportedForMessageFormatException",
        E::TransactionalIdAuthorizationFailed => "TransactionalIdAuthorizationException",
        E::TopicAuthorizationFailed => "TopicAuthorizationException",
        E::GroupAuthorizationFailed => "GroupAuthorizationException",
        E::ClusterAuthorizationFailed => "ClusterAuthorizationException",
        E::SaslAuthenticationFailed => "SaslAuthenticationException",
        E::OffsetMetadataTooLarge => "OffsetMetadataTooLarge",
        E::Unknown(_) => "UnknownServerException",
        _ => "",
    };
    if !odd.is_empty() {
        return odd.to_owned();
    }
    let name = format!("{error:?}");
    let stem = name.strip_suffix("Exception").or_else(|| name.strip_suffix("Error"));
    format!("{}Exception", stem.unwrap_or(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_have_their_names() {
        for (error, name) in [
            (ResponseError::UnknownTopicOrPartition, "UnknownTopicOrPartitionException"),
            (ResponseError::GroupIdNotFound, "GroupIdNotFoundException"),
            (ResponseError::NonEmptyGroup, "GroupNotEmptyException"),
            (ResponseError::InvalidTopicException, "InvalidTopicException"),
            (ResponseError::KafkaStorageError, "KafkaStorageException"),
            (ResponseError::UnknownServerError, "UnknownServerException"),
            (ResponseError::RequestTimedOut, "TimeoutException"),
        ] {
            assert_eq!(class(error), name);
        }
        assert_eq!(
            thrown(&ClientError::Refused(ResponseError::NonEmptyGroup)),
            "org.apache.kafka.common.errors.GroupNotEmptyException: The group is not empty."
        );
        let unsupported = |offered| ClientError::Unsupported { key: 2, wanted: (11, 11), offered };
        let class = "org.apache.kafka.common.errors.UnsupportedVersionException";
        let message = "The node does not support LIST_OFFSETS";
        assert_eq!(thrown(&unsupported(None)), format!("{class}: {message}"));
        assert_eq!(
            thrown(&unsupported(Some((1, 10)))),
            format!(
                "{class}: {message} with version in range [11,11]. The supported range is [1,10]."
            )
        );
    }
}
