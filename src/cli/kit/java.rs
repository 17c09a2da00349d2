//! Orders that Java has by accident and users see: that of a hash map.

use ottla_core::base::TopicPartition;

/// `String.hashCode`.
pub(crate) fn string_hash(text: &str) -> i32 {
    text.encode_utf16()
        .fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// `TopicPartition.hashCode`.
pub(crate) fn partition_hash(partition: &TopicPartition) -> i32 {
    let index = partition.partition.wrapping_add(31);
    index.wrapping_mul(31).wrapping_add(string_hash(&partition.topic))
}

/// `items` in the order in which a `java.util.HashMap` made for `capacity` of them goes over them,
/// when they were put in in this order. (Buckets with so many collisions that Java turns them into
/// trees are not told apart.)
pub(crate) fn hash_order<T>(
    capacity: usize,
    mut items: Vec<T>,
    hash: impl Fn(&T) -> i32,
) -> Vec<T> {
    let mut buckets = capacity.max(1).next_power_of_two();
    while items.len() * 4 > buckets * 3 {
        buckets *= 2;
    }
    let mask = u32::try_from(buckets - 1).unwrap_or(u32::MAX);
    items.sort_by_key(|item| {
        let hash = hash(item).cast_unsigned();
        (hash ^ (hash >> 16)) & mask
    });
    items
}

/// `Double.toString`: a point always, an exponent for what is very large or very small.
pub(crate) fn double(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-3..1e7).contains(&size) || !value.is_finite() {
        let text = value.to_string();
        return match value.is_finite() {
            true if !text.contains('.') => format!("{text}.0"),
            true => text,
            false if value.is_nan() => "NaN".to_owned(),
            false => text.replace("inf", "Infinity"),
        };
    }
    let text = format!("{value:E}");
    let (digits, exponent) = text.split_once('E').unwrap_or((&text, "0"));
    let point = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{point}E{exponent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_javas() {
        let all = [1024.0, 1e7, 1.25e9, 0.5, 1e-4, 0.0, f64::MAX, f64::INFINITY];
        assert_eq!(
            all.map(double),
            [
                "1024.0",
                "1.0E7",
                "1.25E9",
                "0.5",
                "1.0E-4",
                "0.0",
                "1.7976931348623157E308",
                "Infinity"
            ]
        );
    }

    #[test]
    fn hashes_are_javas() {
        assert_eq!(string_hash("t1"), 3645);
        assert_eq!(string_hash("__consumer_offsets"), -970_371_369);
        assert_eq!(string_hash(""), 0);
    }

    /// As `kafka-topics.sh --describe` of Kafka 4.3 printed these four.
    #[test]
    fn a_map_goes_by_its_buckets() {
        let names = vec!["c1", "q.a_b", "ra", "t1"];
        let order = hash_order(names.len(), names, |name| string_hash(name));
        assert_eq!(order, ["q.a_b", "t1", "c1", "ra"]);
    }

    /// The replicas as `kafka-log-dirs.sh --describe` of Kafka 4.3 printed them.
    #[test]
    fn partitions_have_a_hash_too() {
        let printed = [
            ("__consumer_offsets", 0),
            ("a.long_topic_name_for_width", 0),
            ("a.long_topic_name_for_width", 1),
            ("empty", 0),
            ("t1", 2),
            ("t1", 1),
            ("__consumer_offsets", 1),
            ("t1", 0),
            ("__consumer_offsets", 2),
        ];
        let printed = printed.map(|(topic, index)| TopicPartition::new(topic, index));
        let mut sorted = printed.to_vec();
        sorted.sort_unstable();
        assert_eq!(hash_order(16, sorted, partition_hash), printed);
    }
}
