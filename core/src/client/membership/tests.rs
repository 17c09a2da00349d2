//! Joining, giving up, taking over; and what a member does when its coordinator disagrees.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::metadata_response::{
    MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{JoinGroupResponse, MetadataResponse, SyncGroupResponse};
use kafka_protocol::protocol::StrBytes;

use super::*;

fn tp(index: i32) -> TopicPartition {
    TopicPartition::new("t", index)
}

fn set(indexes: &[i32]) -> Partitions {
    indexes.iter().map(|index| tp(*index)).collect()
}

fn topics(names: &[&str]) -> BTreeSet<TopicName> {
    names.iter().map(|name| TopicName::from(*name)).collect()
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// A cluster in which topic `t` has so many partitions.
fn metadata(partitions: i32) -> Metadata {
    let partitions = (0..partitions)
        .map(|index| MetadataResponsePartition::default().with_partition_index(index));
    let topic = MetadataResponseTopic::default()
        .with_name(Some(text("t").into()))
        .with_partitions(partitions.collect());
    let mut metadata = Metadata::default();
    metadata.update(&MetadataResponse::default().with_topics(vec![topic]), false);
    metadata
}

fn joined(generation: i32, leader: &str, assignor: Assignor) -> JoinGroupResponse {
    JoinGroupResponse::default()
        .with_generation_id(generation)
        .with_member_id(text("me"))
        .with_leader(text(leader))
        .with_protocol_name(Some(text(assignor.name())))
}

fn synced(indexes: &[i32]) -> SyncGroupResponse {
    let given: Vec<_> = set(indexes).into_iter().collect();
    SyncGroupResponse::default().with_assignment(protocol::encode_assignment(&given))
}

fn refused(error: ResponseError) -> JoinGroupResponse {
    JoinGroupResponse::default().with_error_code(error.code()).with_member_id(text("me"))
}

struct World {
    member: Membership,
    now: u32,
    out: Outputs,
}

impl World {
    fn new(assignors: &[Assignor], instance: Option<&str>) -> Self {
        let mut config = MembershipConfig::new("g");
        config.assignors = assignors.to_vec();
        config.instance_id = instance.map(str::to_owned);
        let mut member = Membership::new(config);
        member.subscribe(topics(&["t"]));
        Self { member, now: 0, out: Outputs::new() }
    }

    fn poll(&mut self) -> Outputs {
        let now = Tick::at(self.now);
        self.member.poll(now, true, u64::from(self.now), &mut self.out);
        std::mem::take(&mut self.out)
    }

    /// The application has been away since the beginning.
    fn poll_outside(&mut self) -> Outputs {
        self.member.poll(Tick::at(self.now), false, 0, &mut self.out);
        std::mem::take(&mut self.out)
    }

    #[track_caller]
    fn joins(&mut self) -> u64 {
        let out = self.poll();
        let [Output::Join { id, .. }] = out[..] else { panic!("{out:?}") };
        id
    }

    fn joined(&mut self, id: u64, answer: &JoinGroupResponse) -> Outputs {
        self.member.on_joined(Tick::at(self.now), id, Some(answer), &mut self.out);
        std::mem::take(&mut self.out)
    }

    /// Joins as a follower and gets `indexes`, up to where the application has to come.
    #[track_caller]
    fn follows(&mut self, id: u64, generation: i32, assignor: Assignor, indexes: &[i32]) {
        let out = self.joined(id, &joined(generation, "other", assignor));
        let [Output::Sync { id, assignments, .. }] = &out[..] else { panic!("{out:?}") };
        assert!(assignments.is_empty());
        let now = Tick::at(self.now);
        self.member.on_synced(now, *id, Some(&synced(indexes)), &mut self.out);
        assert_eq!(self.out, []);
    }

    fn given_up(&mut self) -> Outputs {
        self.member.on_given_up(&mut self.out);
        std::mem::take(&mut self.out)
    }

    /// A member of generation 1 that has these partitions.
    #[track_caller]
    fn settled(assignors: &[Assignor], instance: Option<&str>, indexes: &[i32]) -> Self {
        let mut world = Self::new(assignors, instance);
        let id = world.joins();
        world.follows(id, 1, assignors[0], indexes);
        assert!(world.member.awaits_application());
        assert_eq!(world.poll_outside(), []);
        let all = set(indexes);
        assert_eq!(world.poll(), [Output::TakeOver { added: all.clone(), all }]);
        assert!(world.member.is_handing_over());
        world.member.on_taken_over();
        assert!(!world.member.awaits_application());
        assert_eq!(world.poll(), []);
        world
    }

    fn heartbeat(&mut self, error: Option<ResponseError>) -> Outputs {
        self.now += 3_000;
        assert_eq!(self.poll(), [Output::Heartbeat]);
        let generation = self.member.identity().generation;
        let code = error.map_or(0, |error| error.code());
        let now = Tick::at(self.now);
        self.member.on_heartbeat(now, generation, Some(code), &mut self.out);
        std::mem::take(&mut self.out)
    }
}

#[test]
fn an_eager_member_gives_everything_up_before_it_joins_again() {
    let mut world = World::settled(&[Assignor::Range], None, &[0, 1]);
    assert_eq!(world.heartbeat(None), []);
    assert_eq!(world.heartbeat(Some(ResponseError::RebalanceInProgress)), []);
    // not while the application is at work
    assert_eq!(world.poll_outside(), []);
    assert!(world.member.awaits_application());
    let partitions = set(&[0, 1]);
    assert_eq!(world.poll(), [Output::GiveUp { partitions, lost: false }]);
    let out = world.given_up();
    let [Output::Join { id, protocols }] = &out[..] else { panic!("{out:?}") };
    assert_eq!(protocols.len(), 1);
    world.follows(*id, 2, Assignor::Range, &[1]);
    let all = set(&[1]);
    assert_eq!(world.poll(), [Output::TakeOver { added: all.clone(), all }]);
}

#[test]
fn a_cooperative_member_gives_up_only_what_goes_to_others() {
    let assignors = [Assignor::CooperativeSticky];
    let mut world = World::settled(&assignors, None, &[0, 1]);
    world.heartbeat(Some(ResponseError::RebalanceInProgress));
    let out = world.poll();
    let [Output::Join { id, protocols }] = &out[..] else { panic!("{out:?}") };
    let said = Subscription::decode(&protocols[0].1, assignors[0]).unwrap();
    assert_eq!((said.owned, said.generation), (vec![tp(0), tp(1)], 1));
    world.follows(*id, 2, assignors[0], &[1, 2]);
    let partitions = set(&[0]);
    assert_eq!(world.poll(), [Output::GiveUp { partitions, lost: false }]);
    let added = set(&[2]);
    assert_eq!(world.given_up(), [Output::TakeOver { all: set(&[1, 2]), added }]);
    world.member.on_taken_over();
    // the next generation gives what was given up to others
    world.joins();
}

#[test]
fn a_sticky_member_says_what_it_had_although_it_gave_it_up() {
    let mut world = World::settled(&[Assignor::Sticky], None, &[0, 1]);
    world.heartbeat(Some(ResponseError::RebalanceInProgress));
    world.poll();
    let out = world.given_up();
    let [Output::Join { protocols, .. }] = &out[..] else { panic!("{out:?}") };
    let said = Subscription::decode(&protocols[0].1, Assignor::Sticky).unwrap();
    assert_eq!((said.owned, said.generation), (vec![tp(0), tp(1)], 1));
}

#[test]
fn the_leader_divides_what_there_is_and_divides_again_when_that_changes() {
    let mut world = World::new(&[Assignor::Range], None);
    let id = world.joins();
    // the id comes first (KIP-394)
    let out = world.joined(id, &refused(ResponseError::MemberIdRequired));
    let [Output::Join { id, .. }] = out[..] else { panic!("{out:?}") };
    let wants = |names: &[&str]| Subscription {
        topics: topics(names).into_iter().collect(),
        owned: Vec::new(),
        generation: -1,
        rack: None,
    };
    let member = |id: &str, names: &[&str]| {
        JoinGroupResponseMember::default()
            .with_member_id(text(id))
            .with_metadata(wants(names).encode(Assignor::Range))
    };
    let members = vec![member("me", &["t"]), member("other", &["t", "u"])];
    let out = world.joined(id, &joined(1, "me", Assignor::Range).with_members(members));
    assert_eq!(out, [Output::NeedTopics(topics(&["t", "u"]))]);
    world.member.on_topics(&metadata(3), &mut world.out);
    let [Output::Sync { id, assignments, .. }] = &world.out[..] else { panic!() };
    let given = |place: usize| protocol::decode_assignment(&assignments[place].1).unwrap();
    assert_eq!((given(0), given(1)), (vec![tp(0), tp(1)], vec![tp(2)]));
    let (id, now) = (*id, Tick::at(0));
    world.out.clear();
    world.member.on_synced(now, id, Some(&synced(&[0, 1])), &mut world.out);
    world.poll();
    world.member.on_taken_over();
    assert_eq!(world.member.led_topics().count(), 2);
    world.member.on_metadata(&metadata(3));
    assert_eq!(world.poll(), []);
    world.member.on_metadata(&metadata(4));
    assert!(matches!(world.poll()[..], [Output::GiveUp { .. }]));
}

#[test]
fn a_member_that_is_not_known_any_more_has_lost_what_it_had() {
    for (error, keeps_id) in
        [(ResponseError::UnknownMemberId, false), (ResponseError::IllegalGeneration, true)]
    {
        let mut world = World::settled(&[Assignor::CooperativeSticky], None, &[0]);
        assert_eq!(world.heartbeat(Some(error)), []);
        assert_eq!(world.member.identity().generation, -1);
        assert_eq!(!world.member.identity().member_id.is_empty(), keeps_id);
        assert_eq!(world.poll(), [Output::GiveUp { partitions: set(&[0]), lost: true }]);
        assert!(matches!(world.given_up()[..], [Output::Join { .. }]));
    }
}

#[test]
fn an_application_that_stays_away_loses_its_place() {
    let mut world = World::settled(&[Assignor::Range], None, &[0]);
    world.now = 299_999;
    assert_eq!(world.poll_outside(), [Output::Heartbeat]);
    assert_eq!(world.member.next_deadline(false, 0), Some(300_000));
    world.now = 300_000;
    let identity = world.member.identity();
    assert_eq!(world.poll_outside(), [Output::Leave(identity)]);
    assert_eq!(world.poll_outside(), []);
    assert_eq!(world.poll(), [Output::GiveUp { partitions: set(&[0]), lost: true }]);
    // a static member falls silent: its place is kept while the session lasts
    let mut world = World::settled(&[Assignor::Range], Some("one"), &[0]);
    world.now = 300_000;
    assert_eq!(world.poll_outside(), []);
    world.now = 310_000;
    assert_eq!(world.poll_outside(), []);
}

#[test]
fn a_coordinator_that_is_gone_is_looked_for_and_asked_again() {
    let mut world = World::new(&[Assignor::Range], None);
    let id = world.joins();
    world.member.on_joined(Tick::at(0), id, None, &mut world.out);
    assert_eq!(world.poll(), [Output::CoordinatorLost]);
    assert_eq!(world.member.next_deadline(true, 0), Some(100));
    world.now = 100;
    let id = world.joins();
    let out = world.joined(id, &refused(ResponseError::NotCoordinator));
    assert_eq!(out, [Output::CoordinatorLost]);
    world.now = 200;
    let id = world.joins();
    assert_eq!(world.joined(id, &refused(ResponseError::CoordinatorLoadInProgress)), []);
    // and an answer that comes late is nobody's
    world.now = 300;
    world.joins();
    assert_eq!(world.joined(id, &joined(7, "me", Assignor::Range)), []);
    let mut world = World::settled(&[Assignor::Range], None, &[0]);
    world.now = 3_000;
    assert_eq!(world.poll(), [Output::Heartbeat]);
    world.member.on_heartbeat(Tick::at(3_000), 1, None, &mut world.out);
    assert_eq!(world.poll(), [Output::CoordinatorLost]);
    assert_eq!(world.member.next_deadline(true, 0), Some(3_100));
}

#[test]
fn a_refusal_that_does_not_pass_is_told_once() {
    for error in [
        ResponseError::InconsistentGroupProtocol,
        ResponseError::FencedInstanceId,
        ResponseError::InvalidSessionTimeout,
        ResponseError::GroupMaxSizeReached,
    ] {
        let mut world = World::new(&[Assignor::Range], Some("one"));
        let id = world.joins();
        assert_eq!(world.joined(id, &refused(error)), [Output::Fatal(error)]);
        assert_eq!(world.poll(), []);
        assert_eq!(world.member.next_deadline(true, 0), None);
        // other topics are another try
        world.member.subscribe(topics(&["u"]));
        world.joins();
    }
    let mut world = World::new(&[Assignor::Range], None);
    let id = world.joins();
    let error = ResponseError::InconsistentGroupProtocol;
    let out = world.joined(id, &joined(1, "other", Assignor::Sticky));
    assert_eq!(out, [Output::Fatal(error)]);
}

#[test]
fn a_member_that_wants_nothing_leaves() {
    let mut world = World::settled(&[Assignor::Range], None, &[0]);
    let identity = world.member.identity();
    world.member.subscribe(topics(&[]));
    // the application says so itself: nobody has to poll
    let partitions = set(&[0]);
    assert_eq!(world.poll_outside(), [Output::GiveUp { partitions, lost: false }]);
    assert_eq!(world.given_up(), [Output::Leave(identity)]);
    assert_eq!(world.poll(), []);
    world.member.subscribe(topics(&["t"]));
    world.joins();
    // a static member is expected back
    let mut world = World::settled(&[Assignor::Range], Some("one"), &[]);
    world.member.subscribe(topics(&[]));
    assert_eq!(world.poll(), []);
}

#[test]
fn a_generation_that_ends_while_it_begins_is_joined_again_at_once() {
    let mut world = World::new(&[Assignor::Range], None);
    let id = world.joins();
    let out = world.joined(id, &joined(1, "other", Assignor::Range));
    let [Output::Sync { id, .. }] = out[..] else { panic!("{out:?}") };
    let code = ResponseError::RebalanceInProgress.code();
    let answer = SyncGroupResponse::default().with_error_code(code);
    world.member.on_synced(Tick::at(0), id, Some(&answer), &mut world.out);
    world.joins();
    // a subscription that changes meanwhile is told with the next join
    let mut world = World::new(&[Assignor::Range], None);
    let id = world.joins();
    world.member.subscribe(topics(&["t", "u"]));
    world.follows(id, 1, Assignor::Range, &[0]);
    world.poll();
    world.member.on_taken_over();
    assert!(matches!(world.poll()[..], [Output::GiveUp { .. }]));
}
