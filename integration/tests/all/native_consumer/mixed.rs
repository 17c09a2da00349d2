//! Native consumers, librdkafka's and Java's in one group: whoever leads it, all of them agree who
//! reads what.

use std::collections::BTreeSet;
use std::time::Duration;

use kafka_protocol::messages::describe_groups_response::DescribedGroup;
use ottla_actors::client::admin::Admin;
use ottla_actors::client::{ClientConfig, Consumer};
use ottla_core::client::assignor::protocol::decode_assignment;
use ottla_core::client::assignor::{Assignment, Assignor, Member, PartitionCounts, Subscription};
use ottla_core::record::Compression;
use ottla_integration::tools::{Java, Python, or_skip};
use ottla_integration::{Broker, ClientProgram};
use serde_json::json;

use super::{LIMIT, PARTITIONS, Read, config, make, poll, produce, start};

/// Records of each partition, before and after the group is complete.
const SOME: i64 = 50;

/// What the stock clients call an assignor: librdkafka, then Java.
const NAMES: [(Assignor, [&str; 2]); 2] = [
    (Assignor::Range, ["range", "org.apache.kafka.clients.consumer.RangeAssignor"]),
    (
        Assignor::CooperativeSticky,
        ["cooperative-sticky", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"],
    ),
];

/// Which partition and offset came to a stock client.
type Given = BTreeSet<(i32, i64)>;

#[test]
fn native_and_stock_clients_share_one_group() {
    let Some(java) = or_skip(Java::fetch()) else { return };
    let Some(python) = or_skip(Python::fetch()) else { return };
    let broker = Broker::start(&[
        ("auto.create.topics.enable", "false"),
        ("group.initial.rebalance.delay.ms", "0"),
    ]);
    let at = broker.bootstrap();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut stock = [
        ClientProgram::start("confluent", python.program("confluent.py"), &at, dir.path()),
        ClientProgram::start("java", java.program("Client"), &at, dir.path()),
    ];
    actix::System::new().block_on(async {
        for (assignor, names) in NAMES {
            for native_leads in [true, false] {
                let shared = shares(&at, &mut stock, assignor, names, native_leads);
                let done = tokio::time::timeout(2 * LIMIT, shared).await;
                assert!(done.is_ok(), "{assignor:?}, {native_leads}: it took too long");
            }
        }
    });
}

async fn shares(
    at: &str,
    stock: &mut [ClientProgram; 2],
    assignor: Assignor,
    names: [&str; 2],
    native_leads: bool,
) {
    let topic = format!("mixed-{}-{native_leads}", assignor.name());
    let admin = Admin::start(ClientConfig::new(at)).expect("an address");
    make(&admin, &topic).await;
    produce(at, &topic, Compression::None, 0..SOME, value).await;
    let mut group = Mixed {
        admin: &admin,
        name: topic.clone(),
        assignor,
        native: None,
        read: Read::new(),
        given: Given::new(),
    };
    // who joins first leads
    if native_leads {
        group.join_native(at);
        group.complete(1, stock).await;
    }
    for (program, strategy) in stock.iter_mut().zip(names) {
        let member = json!({
            "do": "member", "topic": topic, "group": topic, "strategy": strategy,
        });
        program.tell(&member);
        if !native_leads && group.native.is_none() {
            group.complete(1, stock_of(program)).await;
        }
    }
    if !native_leads {
        group.join_native(at);
    }
    group.complete(3, stock).await;
    produce(at, &topic, Compression::None, SOME..2 * SOME, value).await;
    group.all_comes(2 * SOME, stock).await;
    // the others go on without the native member, which may have led them
    let native = group.native.take().expect("it has joined");
    native.close().await;
    group.complete(2, stock).await;
    produce(at, &topic, Compression::None, 2 * SOME..3 * SOME, value).await;
    group.all_comes(3 * SOME, stock).await;
    for program in stock {
        program.tell(&json!({"do": "stop"}));
        loop {
            let event = program.next_event(LIMIT).expect("the member leaves");
            assert_ne!(event["event"], "error", "{event}");
            if event["event"] == "done" {
                break;
            }
        }
    }
    admin.close().await;
}

fn stock_of(program: &mut ClientProgram) -> &mut [ClientProgram] {
    std::slice::from_mut(program)
}

/// As the programs understand it: a number in front of a colon.
fn value(_: i32, offset: i64) -> String {
    format!("{offset}:")
}

/// One group.
struct Mixed<'a> {
    admin: &'a Admin,
    /// Of the group and of its topic.
    name: String,
    assignor: Assignor,
    native: Option<Consumer>,
    read: Read,
    given: Given,
}

impl Mixed<'_> {
    fn join_native(&mut self, at: &str) {
        let mut config = config(at, &self.name);
        if let Some(group) = &mut config.group {
            group.assignors = vec![self.assignor];
        }
        let native = start(config);
        native.subscribe(&[&self.name]).expect("a group");
        self.native = Some(native);
    }

    /// Hears what came to everybody.
    async fn listen(&mut self, stock: &mut [ClientProgram]) {
        match &self.native {
            Some(native) => _ = poll(native, &mut self.read, value).await,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
        for program in stock {
            while let Some(event) = program.next_event(Duration::ZERO) {
                assert_ne!(event["event"], "error", "{event}");
                for record in event["records"].as_array().into_iter().flatten() {
                    let number = |at: usize| record[at].as_i64().expect("a number");
                    let partition = i32::try_from(number(0)).expect("small");
                    assert_eq!(number(1), number(2), "{record}");
                    self.given.insert((partition, number(1)));
                }
            }
        }
    }

    /// Waits until so many members share all partitions, as this client would divide them.
    async fn complete(&mut self, members: usize, stock: &mut [ClientProgram]) {
        loop {
            self.listen(stock).await;
            // there is no group until somebody has joined
            let Ok(described) = self.admin.describe_group(&self.name).await else { continue };
            if described.members.len() != members || described.group_state.as_str() != "Stable" {
                continue;
            }
            let found = self.assignment(&described);
            let settled = found.values().map(Vec::len).sum::<usize>() == PARTITIONS as usize;
            let native = self.native.as_ref().map(Consumer::assignment).unwrap_or_default();
            let id = self.native.as_ref().and_then(Consumer::group_metadata);
            let id = id.map(|identity| identity.member_id).unwrap_or_default();
            let knows = found.get(&id).is_none_or(|given| given.iter().eq(&native));
            // cooperative members give up first, and take over in a second round
            if !settled || !knows {
                assert!(self.assignor.is_cooperative() || settled, "{found:?}");
                continue;
            }
            let shares: BTreeSet<_> = found.values().flatten().collect();
            assert_eq!(shares.len(), PARTITIONS as usize, "shared by two: {found:?}");
            let even = PARTITIONS as usize / members;
            assert!(found.values().all(|given| given.len() == even), "{found:?}");
            if self.assignor == Assignor::Range {
                assert_eq!(found, self.wanted(&described));
            }
            return;
        }
    }

    fn assignment(&self, described: &DescribedGroup) -> Assignment {
        let members = described.members.iter().map(|member| {
            let mut given = decode_assignment(&member.member_assignment).expect("an assignment");
            given.sort();
            (member.member_id.to_string(), given)
        });
        members.collect()
    }

    /// How the native assignor divides among these members.
    fn wanted(&self, described: &DescribedGroup) -> Assignment {
        let counts = PartitionCounts::from([(self.name.as_str().into(), PARTITIONS)]);
        let members = described.members.iter().map(|member| {
            let said = Subscription::decode(&member.member_metadata, self.assignor);
            said.expect("a subscription").into_member(member.member_id.to_string(), None)
        });
        self.assignor.assign(&counts, &members.collect::<Vec<Member>>())
    }

    /// Waits until every record before this offset has come to somebody.
    async fn all_comes(&mut self, to: i64, stock: &mut [ClientProgram]) {
        let mut left: BTreeSet<(i32, i64)> = BTreeSet::new();
        for partition in 0..PARTITIONS {
            left.extend((0..to).map(|offset| (partition, offset)));
        }
        while !left.is_empty() {
            self.listen(stock).await;
            let read = |(partition, offset): &(i32, i64)| {
                let native: Option<&BTreeSet<i64>> = self.read.get(partition);
                native.is_some_and(|offsets| offsets.contains(offset))
            };
            left.retain(|record| !read(record) && !self.given.contains(record));
        }
    }
}
