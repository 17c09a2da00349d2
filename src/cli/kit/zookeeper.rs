//! `--zookeeper`, which much of what is written about Kafka still uses, answered by the command
//! that works.

use super::Stop;

/// The port that ZooKeeper listens on, and the one that brokers do.
const PORTS: (&str, &str) = (":2181", ":9092");

/// If `--zookeeper` is among `words`: a line with the same command for brokers.
pub(super) fn answer(program: &str, words: &[String]) -> Option<Stop> {
    let is_it = |word: &String| {
        let name = word.split('=').next().unwrap_or_default();
        name == "--zookeeper" || name == "-zookeeper"
    };
    let at = words.iter().position(is_it)?;
    let mut command = vec![program.to_owned()];
    let mut brokers = "localhost:9092".to_owned();
    let mut rest = words.iter().enumerate();
    while let Some((index, word)) = rest.next() {
        if index != at {
            command.push(quoted(word));
            continue;
        }
        let value = match word.split_once('=') {
            Some((_, value)) => Some(value.to_owned()),
            None => rest.next().map(|(_, value)| value.clone()),
        };
        brokers = value.map_or(brokers, |value| translated(&value));
        command.push(format!("--bootstrap-server {brokers}"));
    }
    // what was a connection string is now the only address
    Some(Stop::error(format!(
        "there is no ZooKeeper here; use a broker's address: {}",
        command.join(" ")
    )))
}

/// `zk1:2181,zk2:2181/chroot` as brokers on the same hosts.
fn translated(zookeeper: &str) -> String {
    let hosts = zookeeper.split('/').next().unwrap_or_default();
    let brokers: Vec<String> = hosts
        .split(',')
        .filter(|host| !host.is_empty())
        .map(|host| match host.strip_suffix(PORTS.0) {
            Some(host) => format!("{host}{}", PORTS.1),
            None if host.contains(':') => host.to_owned(),
            None => format!("{host}{}", PORTS.1),
        })
        .collect();
    if brokers.is_empty() { format!("localhost{}", PORTS.1) } else { brokers.join(",") }
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%^".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(program: &str, words: &str) -> Option<String> {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        answer(program, &words).and_then(|stop| stop.message().map(str::to_owned))
    }

    #[test]
    fn the_same_command_for_brokers() {
        let said = said("kafka-topics.sh", "--list --zookeeper a:2181,b:2181/kafka --topic a.*");
        let said = said.expect("an answer");
        let command = "kafka-topics.sh --list --bootstrap-server a:9092,b:9092 --topic 'a.*'";
        assert!(said.ends_with(command), "{said}");
        assert!(!said.contains('\n'), "{said}");
    }

    #[test]
    fn a_port_of_ones_own_stays() {
        assert_eq!(translated("zk:9999"), "zk:9999");
        assert_eq!(translated("zk"), "zk:9092");
        assert_eq!(said("ottla topics", "--list"), None);
        let bare = said("ottla topics", "--zookeeper").expect("an answer");
        assert!(bare.ends_with("ottla topics --bootstrap-server localhost:9092"), "{bare}");
    }
}
