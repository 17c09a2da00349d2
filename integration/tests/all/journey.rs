//! What every client library must be able to do, told once: each client's own file brings its
//! program.
//!
//! The programs speak the same commands (`integration/clients/`), so one set of checks serves all.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ottla_integration::{Broker, ClientProgram};
use serde_json::{Value, json};

/// Records of one combination of codec and acks.
const RECORDS: u64 = 100_000;
/// acks, and whether the producer is idempotent. acks=0 not first: a client that does not wait for
/// an answer loses what it sends to a partition that is still coming up.
const MODES: [(&str, bool); 4] = [("1", false), ("0", false), ("all", false), ("all", true)];
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
/// Far above what a step takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Timestamp of record 0; record n has n milliseconds more. An hour ago: younger than any
/// retention.
fn base_time() -> u64 {
    static BASE: OnceLock<u64> = OnceLock::new();
    *BASE.get_or_init(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
        u64::try_from(now.as_millis()).expect("fits") - 3_600_000
    })
}

/// A client library's journey; `command` makes a command that starts its program.
pub(crate) fn run(name: &str, command: impl Fn() -> Command) {
    let mut broker = Broker::start(&[
        ("group.initial.rebalance.delay.ms", "0"),
        ("offsets.topic.num.partitions", "5"),
    ]);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let bootstrap = broker.bootstrap();
    let start = |part: &str| {
        ClientProgram::start(&format!("{name}-{part}"), command(), &bootstrap, dir.path())
    };
    let mut main = start("main");
    produces_and_reads_back(&mut main);
    let mut members = group_survives_a_killed_member(&mut main, &start);
    members_outlive_a_restart(&mut main, &mut members, &mut broker);
    resumes_at_the_commit(&mut main, members, &start);
    seeks(&mut main);
}

/// 100,000 records with each codec and each kind of acknowledgement, all there, in order,
/// unchanged.
fn produces_and_reads_back(main: &mut ClientProgram) {
    for codec in CODECS {
        let topic = format!("codec-{codec}");
        main.ask(&json!({"do": "create", "topic": topic, "partitions": 3}));
        for ((acks, idempotence), first) in MODES.into_iter().zip((0..).step_by(RECORDS as usize)) {
            produce(main, &topic, codec, (acks, idempotence), first, RECORDS);
        }
        let wanted = RECORDS * MODES.len() as u64;
        let started = Instant::now();
        loop {
            let found = read(main, &topic, json!({}));
            assert_eq!(found["bad"], 0, "{topic}: a record out of order or changed: {found}");
            if found["count"] == wanted && found["distinct"] == wanted {
                break;
            }
            // records sent with acks=0 may still be on their way
            assert!(started.elapsed() < PATIENCE, "{topic}: wanted {wanted} records: {found}");
        }
    }
}

fn produce(
    main: &mut ClientProgram,
    topic: &str,
    codec: &str,
    (acks, idempotence): (&str, bool),
    first: u64,
    count: u64,
) {
    let events = main.ask(&json!({
        "do": "produce", "topic": topic, "codec": codec, "acks": acks, "idempotence": idempotence,
        "first": first, "count": count, "timestamp": base_time(),
    }));
    let acked = &events[events.len() - 1]["acked"];
    assert_eq!(*acked, count, "{topic} {codec} acks={acks} idempotence={idempotence}");
}

fn read(main: &mut ClientProgram, topic: &str, from: Value) -> Value {
    main.ask(&json!({"do": "read", "topic": topic, "from": from})).pop().expect("a last event")
}

/// A group member and what it has said.
pub(crate) struct Member {
    program: ClientProgram,
    /// Ids of the records it was given.
    delivered: BTreeSet<u64>,
    /// Per partition, the offset after the last one it committed.
    committed: BTreeMap<String, u64>,
    /// Per partition, the first offset it was given since it was last assigned partitions.
    entered: BTreeMap<u64, u64>,
    assigned: bool,
    paused: bool,
}

impl Member {
    fn join(mut program: ClientProgram, pause_after: Option<u64>) -> Self {
        program.tell(&json!({
            "do": "member", "topic": "grouped", "group": "group", "pause_after": pause_after,
        }));
        Self {
            program,
            delivered: BTreeSet::new(),
            committed: BTreeMap::new(),
            entered: BTreeMap::new(),
            assigned: false,
            paused: false,
        }
    }

    /// Takes in what the member has said by now.
    fn listen(&mut self) {
        while let Some(event) = self.program.next_event(Duration::ZERO) {
            match event["event"].as_str() {
                Some("assigned") => {
                    self.entered.clear();
                    let partitions = event["partitions"].as_array();
                    self.assigned = partitions.is_some_and(|list| !list.is_empty());
                }
                Some("records") => self.take(&event),
                Some("committed") => {
                    for (partition, offset) in event["offsets"].as_object().into_iter().flatten() {
                        self.committed.insert(partition.clone(), offset.as_u64().expect("offset"));
                    }
                }
                Some("paused") => self.paused = true,
                other => panic!("a member said {other:?}: {event}"),
            }
        }
    }

    fn take(&mut self, event: &Value) {
        for record in event["records"].as_array().into_iter().flatten() {
            let number = |at: usize| record[at].as_u64().expect("a number");
            self.entered.entry(number(0)).or_insert(number(1));
            self.delivered.insert(number(2));
        }
    }

    fn leave(mut self) -> Self {
        self.program.tell(&json!({"do": "stop"}));
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            match self.program.next_event(Duration::from_millis(100)) {
                Some(event) if event["event"] == "done" => return self,
                Some(event) if event["event"] == "error" => panic!("leaving failed: {event}"),
                Some(event) if event["event"] == "records" => self.take(&event),
                _ => {}
            }
        }
        panic!("a member did not leave")
    }
}

/// Listens to `members` until `done` holds.
#[track_caller]
pub(crate) fn listen_until(what: &str, members: &mut [Member], done: impl Fn(&[Member]) -> bool) {
    let started = Instant::now();
    loop {
        members.iter_mut().for_each(Member::listen);
        if done(members) {
            return;
        }
        let counts: Vec<usize> = members.iter().map(|m| m.delivered.len()).collect();
        assert!(started.elapsed() < PATIENCE, "waited for {what}; members have {counts:?}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn union(members: &[Member]) -> BTreeSet<u64> {
    members.iter().flat_map(|member| member.delivered.iter().copied()).collect()
}

/// Three members; one stops in the middle and is killed. The others must be given every record that
/// it had not committed, and none that it had.
fn group_survives_a_killed_member(
    main: &mut ClientProgram,
    start: &impl Fn(&str) -> ClientProgram,
) -> Vec<Member> {
    main.ask(&json!({"do": "create", "topic": "grouped", "partitions": 6}));
    let mut members = vec![
        Member::join(start("victim"), Some(3000)),
        Member::join(start("member-1"), None),
        Member::join(start("member-2"), None),
    ];
    listen_until("three members with partitions", &mut members, |all| {
        all.iter().all(|member| member.assigned)
    });
    for (codec, first) in CODECS.into_iter().zip((0..).step_by(20_000)) {
        produce(main, "grouped", codec, ("all", false), first, 20_000);
    }
    listen_until("the victim in the middle", &mut members, |all| all[0].paused);
    let mut victim = members.remove(0);
    victim.program.kill();
    for member in &mut members {
        member.listen();
        member.entered.clear();
    }
    let all: BTreeSet<u64> = (0..RECORDS).collect();
    listen_until("every record at least once", &mut members, |members| {
        let mut seen = union(members);
        seen.extend(&victim.delivered);
        // what the victim had in hand and did not commit must come to the others
        let given: usize = members.iter().map(|member| member.delivered.len()).sum();
        seen.len() == all.len() && given + committed_by(&victim) >= all.len()
    });
    for (partition, &offset) in &victim.committed {
        let partition: u64 = partition.parse().expect("a partition");
        for member in &members {
            if let Some(&first) = member.entered.get(&partition) {
                assert!(
                    first >= offset,
                    "partition {partition}: {first} was committed to {offset}"
                );
            }
        }
    }
    members
}

/// How many records the member committed: its partitions were at 0 when it joined.
fn committed_by(member: &Member) -> usize {
    usize::try_from(member.committed.values().sum::<u64>()).expect("few records")
}

/// The broker restarts under two living members; they go on with what is produced then.
fn members_outlive_a_restart(
    main: &mut ClientProgram,
    members: &mut [Member],
    broker: &mut Broker,
) {
    broker.restart();
    produce(main, "grouped", "none", ("all", true), RECORDS, 1000);
    listen_until("records after the restart", members, |members| {
        union(members).range(RECORDS..).count() == 1000
    });
}

/// All leave; a new member gets what was produced meanwhile, and nothing else.
fn resumes_at_the_commit(
    main: &mut ClientProgram,
    members: Vec<Member>,
    start: &impl Fn(&str) -> ClientProgram,
) {
    members.into_iter().for_each(|member| drop(member.leave()));
    produce(main, "grouped", "lz4", ("all", false), RECORDS + 1000, 1000);
    let mut late = [Member::join(start("late"), None)];
    listen_until("the last thousand", &mut late, |late| late[0].delivered.len() >= 1000);
    let [late] = late;
    let got = late.leave().delivered;
    assert_eq!(got, (RECORDS + 1000..RECORDS + 2000).collect(), "resumed elsewhere");
}

/// To the beginning, to an offset, to a time.
fn seeks(main: &mut ClientProgram) {
    let total = RECORDS + 2000;
    let all = read(main, "grouped", json!({"beginning": true}));
    assert_eq!(all["count"], total, "{all}");
    let late = read(main, "grouped", json!({"offset": 500}));
    assert_eq!(late["count"], total - 6 * 500, "{late}");
    for (partition, first) in late["first"].as_object().expect("first records") {
        assert_eq!(first[0], 500, "partition {partition}: {late}");
    }
    let from = 70_000;
    let timed = read(main, "grouped", json!({"timestamp": base_time() + from}));
    assert_eq!(timed["count"], total - from, "{timed}");
    for (partition, first) in timed["first"].as_object().expect("first records") {
        let id = first[1].as_u64().expect("an id");
        assert!(id >= from && first[2] == base_time() + id, "partition {partition}: {timed}");
    }
    let nothing = read(main, "grouped", json!({"timestamp": base_time() + 10 * total}));
    assert_eq!(nothing["count"], 0, "{nothing}");
}
