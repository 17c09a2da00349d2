//! What a new coordinator reads from the log is what the old one had stored.

use proptest::prelude::*;

use super::*;

/// One thing that happens to a coordinator.
#[derive(Clone, Debug)]
enum Step {
    Ask { version: i16 },
    Join { member: usize, sticky: bool },
    Static { instance: usize },
    Sync { member: usize },
    Heartbeat { member: usize },
    Leave { member: usize },
    Commit { member: Option<usize>, topic: u8 },
    Delete,
    DeleteTopic { topic: u8 },
    Append { fails: bool },
    Pass { ms: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => prop_oneof![Just(3i16), Just(9i16)].prop_map(|version| Step::Ask { version }),
        4 => (0usize..4, any::<bool>()).prop_map(|(member, sticky)| Step::Join { member, sticky }),
        2 => (0usize..2).prop_map(|instance| Step::Static { instance }),
        5 => (0usize..4).prop_map(|member| Step::Sync { member }),
        2 => (0usize..4).prop_map(|member| Step::Heartbeat { member }),
        1 => (0usize..4).prop_map(|member| Step::Leave { member }),
        4 => (prop::option::of(0usize..4), 0u8..3)
            .prop_map(|(member, topic)| Step::Commit { member, topic }),
        1 => Just(Step::Delete),
        1 => (0u8..3).prop_map(|topic| Step::DeleteTopic { topic }),
        8 => prop::bool::weighted(0.15).prop_map(|fails| Step::Append { fails }),
        4 => prop_oneof![0u64..5_000, 5_000u64..70_000, Just(700_000), Just(604_800_000)]
            .prop_map(|ms| Step::Pass { ms }),
    ]
}

fn member(bench: &Bench, index: usize) -> String {
    let group = bench.machine.groups.get(GROUP);
    let ids = group.into_iter().flat_map(|g| g.members.keys().chain(g.pending_join.keys()));
    ids.cycle().nth(index).map_or_else(|| "nobody".to_owned(), |id| id.to_string())
}

fn generation(bench: &Bench) -> i32 {
    bench.machine.groups.get(GROUP).map_or(0, |group| group.generation)
}

fn act(bench: &mut Bench, step: Step) {
    match step {
        Step::Ask { version } => {
            bench.version = version;
            bench.join(joining(""));
            bench.version = 9;
        }
        Step::Join { member: index, sticky } => {
            let mut request = joining(&member(bench, index));
            if sticky {
                request.protocols.insert(0, protocol("sticky", &["t0", "t1"]));
            }
            bench.join(request);
        }
        Step::Static { instance } => {
            let instance = Some(text(&format!("i{instance}")));
            bench.join(joining("").with_group_instance_id(instance));
        }
        Step::Sync { member: index } => {
            let (id, generation) = (member(bench, index), generation(bench));
            bench.version = 4;
            let request = SyncGroupRequest::default()
                .with_group_id(text(GROUP).into())
                .with_member_id(text(&id))
                .with_generation_id(generation)
                .with_assignments(vec![
                    SyncGroupRequestAssignment::default()
                        .with_member_id(text(&id))
                        .with_assignment(Bytes::from("mine")),
                ]);
            bench.call("c", Request::Sync(request));
            bench.version = 9;
        }
        Step::Heartbeat { member: index } => {
            let (id, generation) = (member(bench, index), generation(bench));
            let request = HeartbeatRequest::default()
                .with_group_id(text(GROUP).into())
                .with_member_id(text(&id))
                .with_generation_id(generation);
            bench.call("c", Request::Heartbeat(request));
        }
        Step::Leave { member: index } => {
            let id = text(&member(bench, index));
            let request = LeaveGroupRequest::default()
                .with_group_id(text(GROUP).into())
                .with_members(vec![MemberIdentity::default().with_member_id(id)]);
            bench.call("c", Request::Leave(request));
        }
        Step::Commit { member: index, topic } => {
            let id = index.map_or_else(String::new, |index| member(bench, index));
            let generation = if index.is_some() { generation(bench) } else { -1 };
            bench.commit(&id, generation, &format!("t{topic}"), i64::from(topic));
        }
        Step::Delete => {
            bench.call("c", Request::Delete(Arc::from(GROUP)));
        }
        Step::DeleteTopic { topic } => {
            let topics: Arc<[crate::base::TopicName]> = Arc::from([Arc::from(format!("t{topic}"))]);
            let mut out = Outputs::new();
            bench.machine.on_topics_deleted(bench.now, &topics, &mut out);
            bench.run(out);
        }
        Step::Append { fails: true } => bench.finish_append(Err(ResponseError::RequestTimedOut)),
        Step::Append { fails: false } => bench.finish_append(Ok(())),
        Step::Pass { ms } => bench.pass(ms),
    }
}

/// What the coordinator holds as stored.
fn stored(bench: &Bench) -> (BTreeMap<GroupId, GroupMetadata>, super::super::offsets::Offsets) {
    let groups = bench.machine.groups.iter();
    let groups = groups.filter_map(|(id, group)| Some((Arc::clone(id), group.stored()?.clone())));
    (groups.collect(), bench.machine.offsets.clone())
}

fn check(bench: &Bench) -> Result<(), TestCaseError> {
    let again = bench.reloaded();
    prop_assert_eq!(stored(bench), stored(&again));
    let Some(group) = bench.machine.groups.get(GROUP) else { return Ok(()) };
    prop_assert_eq!(
        group.joined,
        group.members.values().filter(|m| m.awaiting_join.is_some()).count()
    );
    prop_assert!(group.leader.as_ref().is_none_or(|leader| group.members.contains_key(leader)));
    prop_assert!(!group.is(GroupState::Empty) || group.members.is_empty());
    if group.is(GroupState::Stable) && bench.under_way.is_none() {
        // a stable group is wholly in the log: who is in it, and what they were assigned
        let found = &again.machine.groups[GROUP];
        prop_assert_eq!(found.state, GroupState::Stable);
        prop_assert_eq!(found.generation, group.generation);
        prop_assert_eq!(&found.leader, &group.leader);
        prop_assert_eq!(found.assignments(), group.assignments());
        prop_assert_eq!(&found.subscribed_topics, &group.subscribed_topics);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn recovered_state_is_live_state(
        steps in prop::collection::vec(step(), 1..120),
        rewrites in any::<bool>(),
    ) {
        let mut bench = Bench::with(GroupSettings {
            rewrite_min_records: if rewrites { 8 } else { i64::MAX },
            rewrite_ratio: 2,
            append_max_bytes: 700,
            ..GroupSettings::default()
        });
        bench.hold = true;
        for step in steps {
            act(&mut bench, step);
            check(&bench)?;
        }
        // everybody gets an answer in the end
        bench.hold = false;
        bench.finish_append(Ok(()));
        bench.pass(3_600_000);
        let unanswered = (1..=bench.waiters).filter(|n| !bench.answers.contains_key(&Waiter(*n)));
        prop_assert_eq!(unanswered.collect::<Vec<_>>(), Vec::<u64>::new());
        check(&bench)?;
    }
}
