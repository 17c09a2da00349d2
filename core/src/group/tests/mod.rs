//! Rules of the group protocol, in virtual time.

mod admin;
mod expiry;
mod failures;
mod joining;
mod offsets;
mod partitioning;
mod records;
mod recovery;
mod rewrite;
mod statics;
mod syncing;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse,
    OffsetCommitRequest, SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::*;
use crate::base::{Offset, Tick};

pub(super) const GROUP: &str = "g";

/// A coordinator with its log, its clock and everything it answered.
pub(super) struct Bench {
    pub(super) machine: GroupCoordinator,
    pub(super) now: Tick,
    pub(super) log: Vec<EncodedRecord>,
    pub(super) start: i64,
    pub(super) under_way: Option<Vec<EncodedRecord>>,
    pub(super) hold: bool,
    pub(super) answers: BTreeMap<Waiter, Response>,
    waiters: u64,
    pub(super) version: i16,
}

pub(super) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// A consumer's subscription to `topics`.
pub(super) fn subscription(topics: &[&str]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i16(0);
    out.put_i32(i32::try_from(topics.len()).unwrap());
    for topic in topics {
        out.put_i16(i16::try_from(topic.len()).unwrap());
        out.put_slice(topic.as_bytes());
    }
    out.put_i32(-1);
    out.freeze()
}

impl Bench {
    pub(super) fn new() -> Self {
        let settings = GroupSettings { rewrite_min_records: i64::MAX, ..GroupSettings::default() };
        Self::with(settings)
    }

    pub(super) fn with(settings: GroupSettings) -> Self {
        let mut bench = Self {
            machine: GroupCoordinator::new(settings),
            now: Tick::at(1_000_000),
            log: Vec::new(),
            start: 0,
            under_way: None,
            hold: false,
            answers: BTreeMap::new(),
            waiters: 0,
            version: 9,
        };
        let mut out = Outputs::new();
        bench.machine.on_loaded(bench.now, 0..0, &mut out);
        bench.run(out);
        bench
    }

    /// A new coordinator that has read the log of this one.
    pub(super) fn reloaded(&self) -> Self {
        let mut bench = Self::with(self.machine.settings);
        bench.machine = GroupCoordinator::new(self.machine.settings);
        bench.now = self.now;
        bench.log = self.log.clone();
        bench.start = self.start;
        bench.read_log();
        bench
    }

    /// The coordinator reads its log to the end.
    pub(super) fn read_log(&mut self) {
        for record in &self.log[usize::try_from(self.start).unwrap()..] {
            let record = GroupRecord::decode(&record.key, record.value.as_ref()).unwrap();
            self.machine.apply(record);
        }
        let mut out = Outputs::new();
        let end = i64::try_from(self.log.len()).unwrap();
        self.machine.on_loaded(self.now, self.start..end, &mut out);
        self.run(out);
    }

    pub(super) fn run(&mut self, out: Outputs) {
        for output in out {
            match output {
                Output::Reply(waiter, response) => {
                    assert!(self.answers.insert(waiter, response).is_none(), "answered twice");
                }
                Output::Append(records) => {
                    assert!(self.under_way.is_none(), "two appends under way");
                    assert!(!records.is_empty());
                    self.under_way = Some(records);
                }
                Output::TrimLog(offset) => self.start = offset.0,
            }
        }
        if !self.hold {
            self.finish_append(Ok(()));
        }
    }

    pub(super) fn finish_append(&mut self, result: Result<(), ResponseError>) {
        let Some(records) = self.under_way.take() else { return };
        let base = i64::try_from(self.log.len()).unwrap();
        let count = i64::try_from(records.len()).unwrap();
        let result = match result {
            Ok(()) => {
                self.log.extend(records);
                Ok((Offset(base), count))
            }
            Err(error) => Err(AppendFailure(error)),
        };
        let mut out = Outputs::new();
        self.machine.on_appended(self.now, result, &mut out);
        self.run(out);
    }

    pub(super) fn call(&mut self, client: &str, request: Request) -> Waiter {
        self.waiters += 1;
        let waiter = Waiter(self.waiters);
        let caller = Caller {
            client_id: Arc::from(client),
            client_host: Arc::from("/127.0.0.1"),
            version: self.version,
            fresh_id: Uuid::from_u128(u128::from(self.waiters)),
        };
        let mut out = Outputs::new();
        self.machine.on_call(self.now, Call { caller, request, waiter }, &mut out);
        self.run(out);
        waiter
    }

    pub(super) fn pass(&mut self, ms: u64) {
        let until = self.now.plus_ms(ms);
        while let Some(next) = self.machine.next_deadline() {
            if next > until.monotonic_ms {
                break;
            }
            self.now = self.now.plus_ms(next.saturating_sub(self.now.monotonic_ms));
            let mut out = Outputs::new();
            self.machine.on_time(self.now, &mut out);
            self.run(out);
        }
        self.now = until;
    }

    pub(super) fn joined(&self, waiter: Waiter) -> Option<JoinGroupResponse> {
        match self.answers.get(&waiter)? {
            Response::Join(answer) => Some(answer.clone()),
            other => panic!("not a join: {other:?}"),
        }
    }

    pub(super) fn synced(&self, waiter: Waiter) -> Option<SyncGroupResponse> {
        match self.answers.get(&waiter)? {
            Response::Sync(answer) => Some(answer.clone()),
            other => panic!("not a sync: {other:?}"),
        }
    }

    pub(super) fn join(&mut self, request: JoinGroupRequest) -> Waiter {
        self.call("c", Request::Join(request))
    }

    pub(super) fn sync(&mut self, member: &str, generation: i32, all: &[(&str, &str)]) -> Waiter {
        let assignments = all.iter().map(|(member, assignment)| {
            SyncGroupRequestAssignment::default()
                .with_member_id(text(member))
                .with_assignment(Bytes::copy_from_slice(assignment.as_bytes()))
        });
        let request = SyncGroupRequest::default()
            .with_group_id(text(GROUP).into())
            .with_member_id(text(member))
            .with_generation_id(generation)
            .with_protocol_type(Some(text("consumer")))
            .with_protocol_name(Some(text("range")))
            .with_assignments(assignments.collect());
        self.call("c", Request::Sync(request))
    }

    pub(super) fn heartbeat(&mut self, member: &str, generation: i32) -> i16 {
        let request = HeartbeatRequest::default()
            .with_group_id(text(GROUP).into())
            .with_member_id(text(member))
            .with_generation_id(generation);
        let waiter = self.call("c", Request::Heartbeat(request));
        match &self.answers[&waiter] {
            Response::Heartbeat(answer) => answer.error_code,
            other => panic!("not a heartbeat: {other:?}"),
        }
    }

    pub(super) fn leave(&mut self, members: &[(&str, Option<&str>)]) -> LeaveGroupResponse {
        let members = members.iter().map(|(member, instance)| {
            MemberIdentity::default()
                .with_member_id(text(member))
                .with_group_instance_id(instance.map(text))
        });
        let request = LeaveGroupRequest::default()
            .with_group_id(text(GROUP).into())
            .with_members(members.collect());
        let waiter = self.call("c", Request::Leave(request));
        match &self.answers[&waiter] {
            Response::Leave(answer) => answer.clone(),
            other => panic!("not a leave: {other:?}"),
        }
    }

    /// Asks for an id and joins with it; the join is parked.
    pub(super) fn enter(&mut self) -> (String, Waiter) {
        let asked = self.join(joining(""));
        let answer = self.joined(asked).expect("an id");
        assert_eq!(answer.error_code, ResponseError::MemberIdRequired.code());
        let id = answer.member_id.to_string();
        let waiter = self.join(joining(&id));
        (id, waiter)
    }

    /// A stable group of one member in its first generation.
    pub(super) fn stable_one(&mut self) -> String {
        let (id, waiter) = self.enter();
        self.pass(3_000);
        let answer = self.joined(waiter).expect("joined");
        assert_eq!((answer.error_code, answer.generation_id), (0, 1));
        let synced = self.sync(&id, 1, &[(&id, "all")]);
        assert_eq!(self.synced(synced).expect("synced").assignment, Bytes::from("all"));
        id
    }

    /// A stable group of two members; the first one leads.
    pub(super) fn stable_two(&mut self) -> (String, String) {
        let (a, wa) = self.enter();
        let (b, wb) = self.enter();
        self.pass(6_000);
        let (ja, jb) = (self.joined(wa).expect("a"), self.joined(wb).expect("b"));
        assert_eq!(ja.generation_id, jb.generation_id);
        let generation = ja.generation_id;
        let sb = self.sync(&b, generation, &[]);
        assert!(self.synced(sb).is_none(), "waits for the leader");
        let sa = self.sync(&a, generation, &[(&a, "A"), (&b, "B")]);
        assert_eq!(self.synced(sa).expect("a").assignment, Bytes::from("A"));
        assert_eq!(self.synced(sb).expect("b").assignment, Bytes::from("B"));
        (a, b)
    }

    pub(super) fn commit(&mut self, member: &str, generation: i32, topic: &str, at: i64) -> Waiter {
        self.call("c", Request::Commit(committing(GROUP, member, generation, topic, at)))
    }

    pub(super) fn commit_code(&self, waiter: Waiter) -> Option<i16> {
        match self.answers.get(&waiter)? {
            Response::Commit(answer) => Some(answer.topics[0].partitions[0].error_code),
            other => panic!("not a commit: {other:?}"),
        }
    }

    /// All offsets of the group: topic, partition, offset.
    pub(super) fn fetch_all(&mut self, stable: bool) -> Option<Vec<(String, i32, i64)>> {
        let group =
            OffsetFetchRequestGroup::default().with_group_id(text(GROUP).into()).with_topics(None);
        let waiter = self.call("c", Request::Fetch { group, stable });
        self.fetched(waiter)
    }

    pub(super) fn fetched(&self, waiter: Waiter) -> Option<Vec<(String, i32, i64)>> {
        let Response::Fetch(answer) = self.answers.get(&waiter)? else { panic!("not a fetch") };
        assert_eq!(answer.error_code, 0);
        let all = answer.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|partition| {
                (topic.name.to_string(), partition.partition_index, partition.committed_offset)
            })
        });
        Some(all.collect())
    }

    pub(super) fn state(&self) -> GroupState {
        self.machine.groups.get(GROUP).map_or(GroupState::Dead, |group| group.state)
    }
}

pub(super) fn joining(member: &str) -> JoinGroupRequest {
    JoinGroupRequest::default()
        .with_group_id(text(GROUP).into())
        .with_member_id(text(member))
        .with_session_timeout_ms(10_000)
        .with_rebalance_timeout_ms(60_000)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol("range", &["t"])])
}

pub(super) fn protocol(name: &str, topics: &[&str]) -> JoinGroupRequestProtocol {
    JoinGroupRequestProtocol::default().with_name(text(name)).with_metadata(subscription(topics))
}

pub(super) fn committing(
    group: &str,
    member: &str,
    generation: i32,
    topic: &str,
    at: i64,
) -> OffsetCommitRequest {
    let partition = OffsetCommitRequestPartition::default()
        .with_partition_index(0)
        .with_committed_offset(at)
        .with_committed_metadata(Some(text("note")));
    let topic = OffsetCommitRequestTopic::default()
        .with_name(text(topic).into())
        .with_partitions(vec![partition]);
    OffsetCommitRequest::default()
        .with_group_id(text(group).into())
        .with_member_id(text(member))
        .with_generation_id_or_member_epoch(generation)
        .with_topics(vec![topic])
}
