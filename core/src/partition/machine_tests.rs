//! Tests of the partition machine: leadership, acks, long polls, and random schedules.

use proptest::prelude::*;

use super::*;

type Machine = PartitionMachine<u32, u32>;

fn leadership(epoch: i32, replicas: &[i32]) -> Leadership {
    let ids: Vec<BrokerId> = replicas.iter().copied().map(BrokerId).collect();
    Leadership { leader: BrokerId(1), epoch: LeaderEpoch(epoch), replicas: ids.clone(), isr: ids }
}

fn opened(replicas: &[i32], min_isr: usize) -> Machine {
    let rules = PartitionRules { min_insync_replicas: min_isr, ..PartitionRules::default() };
    let mut machine = Machine::new(BrokerId(1), leadership(5, replicas), rules, 100);
    let bounds =
        LogBounds { log_start: Offset(10), log_end: Offset(20), high_watermark: Offset(15) };
    let mut out = Vec::new();
    machine.on_attached(bounds, &mut out);
    assert!(out.is_empty());
    machine
}

fn appended(end: i64) -> AppendEffect {
    AppendEffect { log_end: Offset(end), log_start: Offset(10), bytes: 100 }
}

fn read(offset: i64, epoch: i32) -> ReadRequest {
    ReadRequest {
        fetch_offset: Offset(offset),
        current_leader_epoch: LeaderEpoch(epoch),
        last_fetched_epoch: LeaderEpoch::NONE,
        isolation: Isolation::ReadUncommitted,
    }
}

#[test]
fn a_single_replica_commits_what_it_has() {
    let mut machine = opened(&[1], 1);
    assert_eq!(machine.bounds().high_watermark, Offset(20));
    let mut out = Vec::new();
    machine.on_appended(appended(23), Some((Offset(23), 1000, 7)), &mut out);
    assert_eq!(out, [Output::Acked { port: 7, result: Ok(()) }]);
    assert_eq!(machine.bounds().high_watermark, Offset(23));
}

#[test]
fn min_isr_never_asks_more_than_there_are_replicas() {
    assert_eq!(opened(&[1], 2).admit(-1), Ok(LeaderEpoch(5)));
    let mut machine = opened(&[1, 2, 3], 2);
    let shrunk = Leadership { isr: vec![BrokerId(1)], ..leadership(5, &[1, 2, 3]) };
    machine.on_leadership(shrunk, &mut Vec::new());
    assert_eq!(machine.admit(-1), Err(Refusal::NotEnoughReplicas));
    assert_eq!(machine.admit(1), Ok(LeaderEpoch(5)));
    assert_eq!(machine.admit(2), Err(Refusal::InvalidRequiredAcks));
}

#[test]
fn acks_all_wait_for_followers_or_the_deadline() {
    let mut machine = opened(&[1, 2], 1);
    assert_eq!(machine.bounds().high_watermark, Offset(15));
    let mut out = Vec::new();
    machine.on_appended(appended(21), Some((Offset(21), 1000, 1)), &mut out);
    machine.on_appended(appended(22), Some((Offset(22), 500, 2)), &mut out);
    assert!(out.is_empty());
    assert!(machine.next_deadline().is_some_and(|at| at <= 500));
    machine.on_tick(Tick::at(500), &mut out);
    assert_eq!(out, [Output::Acked { port: 2, result: Err(Refusal::TimedOut) }]);
    out.clear();
    machine.on_follower(BrokerId(2), Offset(22), &mut out);
    assert_eq!(out, [Output::Acked { port: 1, result: Ok(()) }]);
    assert_eq!(machine.parked(), (0, 0));
}

#[test]
fn epochs_are_checked_before_leadership() {
    let mut machine = opened(&[1, 2], 1);
    let fenced = Refusal::FencedLeaderEpoch { current: LeaderEpoch(5) };
    let unknown = Refusal::UnknownLeaderEpoch { current: LeaderEpoch(5) };
    assert_eq!(machine.plan_read(&read(12, 4)).err(), Some(fenced));
    assert_eq!(machine.plan_read(&read(12, 6)).err(), Some(unknown));
    assert!(machine.plan_read(&read(12, 5)).is_ok());
    let mut moved = leadership(6, &[1, 2]);
    moved.leader = BrokerId(2);
    machine.on_leadership(moved, &mut Vec::new());
    let elsewhere = Refusal::NotLeader { leader: BrokerId(2), epoch: LeaderEpoch(6) };
    assert_eq!(machine.plan_read(&read(12, 6)).err(), Some(elsewhere));
    // stale metadata does not bring the leadership back
    machine.on_leadership(leadership(5, &[1, 2]), &mut Vec::new());
    assert_eq!(machine.admit(1).err(), Some(elsewhere));
}

#[test]
fn reads_stay_inside_the_log_and_below_the_high_watermark() {
    let machine = opened(&[1, 2], 1);
    assert!(machine.plan_read(&read(9, -1)).is_err());
    assert!(machine.plan_read(&read(21, -1)).is_err());
    let plan = machine.plan_read(&read(12, -1)).expect("inside");
    assert!(plan.lookup);
    assert_eq!(plan.limit, Offset(15));
    // between the high watermark and the end: nothing to read, no error
    assert!(!machine.plan_read(&read(18, -1)).expect("inside").lookup);
    let own = ReadRequest { isolation: Isolation::LogEnd, ..read(18, -1) };
    assert_eq!(machine.plan_read(&own).expect("inside").limit, Offset(20));
}

#[test]
fn watchers_hear_of_data_once() {
    let mut machine = opened(&[1], 1);
    let mut out = Vec::new();
    machine.on_watch(Offset(20), 500, 1, &mut out);
    machine.on_watch(Offset(20), 900, 2, &mut out);
    machine.on_watch(Offset(12), 900, 3, &mut out);
    assert_eq!(out, [Output::Wake { watcher: 3, reason: WakeReason::Moved }]);
    out.clear();
    machine.on_tick(Tick::at(600), &mut out);
    assert_eq!(out, [Output::Wake { watcher: 1, reason: WakeReason::Expired }]);
    out.clear();
    machine.on_appended(appended(21), None, &mut out);
    let reason = WakeReason::Data { bytes: 100, from: Offset(21) };
    assert_eq!(out, [Output::Wake { watcher: 2, reason }]);
    out.clear();
    machine.on_appended(appended(22), None, &mut out);
    assert!(out.is_empty());
}

#[test]
fn a_lost_log_releases_everyone() {
    let mut machine = opened(&[1, 2], 1);
    let mut out = Vec::new();
    machine.on_appended(appended(21), Some((Offset(21), 1000, 1)), &mut out);
    machine.on_watch(Offset(15), 900, 2, &mut out);
    machine.on_log_failed(&mut out);
    assert_eq!(out.len(), 2);
    assert_eq!(machine.admit(1), Err(Refusal::StorageError));
    assert_eq!(machine.next_deadline().map(|_| machine.parked()), None);
}

#[test]
fn records_are_deleted_up_to_the_high_watermark() {
    let mut machine = opened(&[1, 2], 1);
    assert_eq!(machine.plan_delete(Offset(-1)), Ok(Offset(15)));
    assert_eq!(machine.plan_delete(Offset(3)), Ok(Offset(3)));
    assert!(machine.plan_delete(Offset(16)).is_err());
    assert!(machine.plan_delete(Offset(-2)).is_err());
    machine.on_rules(PartitionRules { deletes: false, ..PartitionRules::default() });
    assert_eq!(machine.plan_delete(Offset(-1)), Err(Refusal::PolicyViolation));
}

#[derive(Clone, Debug)]
enum Step {
    Append { records: i64, acks_all: bool, timeout: u32 },
    Watch { timeout: u32 },
    Follow(i64),
    Time(u32),
    Lead { epoch: i32 },
    Detach,
    Attach,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1i64..5, any::<bool>(), 1u32..200)
            .prop_map(|(records, acks_all, timeout)| Step::Append { records, acks_all, timeout }),
        3 => (1u32..200).prop_map(|timeout| Step::Watch { timeout }),
        3 => (0i64..10).prop_map(Step::Follow),
        2 => (1u32..100).prop_map(Step::Time),
        1 => (0i32..3).prop_map(|epoch| Step::Lead { epoch }),
        1 => Just(Step::Detach),
        1 => Just(Step::Attach),
    ];
    proptest::collection::vec(step, 1..120)
}

/// Plays a schedule and checks after each step what must always hold.
struct Play {
    machine: Machine,
    now: Tick,
    end: i64,
    epoch: i32,
    follower: i64,
    asked: u32,
    answered: Vec<u32>,
}

impl Play {
    fn step(&mut self, step: &Step, out: &mut Vec<Output<u32, u32>>) {
        match step {
            Step::Append { records, acks_all, timeout } => {
                if self.machine.admit(-1).is_err() {
                    return;
                }
                self.end += records;
                let deadline = self.now.monotonic_ms + u64::from(*timeout);
                let ack = acks_all.then(|| (Offset(self.end), deadline, self.next()));
                self.machine.on_appended(appended(self.end), ack, out);
            }
            Step::Watch { timeout } => {
                let deadline = self.now.monotonic_ms + u64::from(*timeout);
                let id = self.next();
                let seen = self.machine.bounds().high_watermark;
                self.machine.on_watch(seen, deadline, id, out);
            }
            Step::Follow(ahead) => {
                self.follower = (self.follower + ahead).min(self.end);
                self.machine.on_follower(BrokerId(2), Offset(self.follower), out);
            }
            Step::Time(ms) => {
                self.now = self.now.plus_ms(u64::from(*ms));
                self.machine.on_tick(self.now, out);
            }
            Step::Lead { epoch } => {
                self.epoch += epoch;
                self.machine.on_leadership(leadership(self.epoch, &[1, 2]), out);
            }
            Step::Detach => self.machine.on_detached(out),
            Step::Attach => {
                let bounds = LogBounds {
                    log_start: Offset(10),
                    log_end: Offset(self.end),
                    high_watermark: Offset(10),
                };
                self.machine.on_attached(bounds, out);
            }
        }
    }

    fn next(&mut self) -> u32 {
        self.asked += 1;
        self.asked
    }
}

proptest! {
    /// The high watermark never goes back, and everyone parked is answered exactly once.
    #[test]
    fn random_schedules(steps in steps()) {
        let machine = opened(&[1, 2], 1);
        let now = Tick::at(0);
        let mut play = Play {
            machine, now, end: 20, epoch: 5, follower: 15, asked: 0, answered: Vec::new(),
        };
        let mut high = Offset(0);
        let mut out = Vec::new();
        for step in steps.iter().chain([&Step::Time(100_000)]) {
            play.step(step, &mut out);
            for output in out.drain(..) {
                play.answered.push(match output {
                    Output::Acked { port, .. } => port,
                    Output::Wake { watcher, .. } => watcher,
                });
            }
            let bounds = play.machine.bounds();
            prop_assert!(bounds.high_watermark >= high);
            prop_assert!(bounds.high_watermark <= bounds.log_end);
            high = bounds.high_watermark;
        }
        play.answered.sort_unstable();
        prop_assert_eq!(play.answered, (1..=play.asked).collect::<Vec<_>>());
    }
}
