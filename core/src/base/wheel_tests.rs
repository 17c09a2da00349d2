//! The wheel against a sorted map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{TimerId, TimerWheel};

fn fired(wheel: &mut TimerWheel<u32>, now: u64) -> Vec<u32> {
    let mut keys = Vec::new();
    wheel.advance(now, &mut keys);
    keys
}

#[test]
fn fires_at_its_deadline_and_not_before() {
    let mut wheel = TimerWheel::new();
    wheel.insert(30_000, 1);
    assert_eq!(wheel.next_deadline(), Some(30_000));
    assert!(fired(&mut wheel, 29_999).is_empty());
    assert_eq!(fired(&mut wheel, 30_000), [1]);
    assert_eq!(wheel.next_deadline(), None);
    assert!(wheel.is_empty());
}

#[test]
fn a_late_deadline_fires_at_the_next_advance() {
    let mut wheel = TimerWheel::new();
    assert!(fired(&mut wheel, 1_000).is_empty());
    wheel.insert(10, 7);
    assert_eq!(wheel.next_deadline(), Some(10));
    assert_eq!(fired(&mut wheel, 1_000), [7]);
}

#[test]
fn an_old_id_does_not_cancel_a_new_timer() {
    let mut wheel = TimerWheel::new();
    let first = wheel.insert(5, 1);
    wheel.insert(900, 9);
    assert_eq!(fired(&mut wheel, 5), [1]);
    let second = wheel.insert(50, 2);
    assert_eq!(wheel.cancel(first), None);
    assert_eq!(wheel.cancel(second), Some(2));
    assert_eq!(wheel.cancel(second), None);
    assert_eq!(fired(&mut wheel, u64::MAX), [9]);
}

#[test]
fn the_far_end_of_time_fits() {
    let mut wheel = TimerWheel::new();
    wheel.insert(u64::MAX, 1);
    assert!(fired(&mut wheel, u64::MAX - 1).is_empty());
    assert_eq!(fired(&mut wheel, u64::MAX), [1]);
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u64),
    Cancel(usize),
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let delay = prop_oneof![0u64..70, 0u64..5_000, 0u64..10_000_000];
    prop_oneof![
        4 => delay.clone().prop_map(Step::Insert),
        2 => any::<usize>().prop_map(Step::Cancel),
        2 => delay.prop_map(Step::Advance),
    ]
}

proptest! {
    #[test]
    fn agrees_with_a_sorted_map(
        start in 0u64..1 << 40,
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let mut wheel = TimerWheel::new();
        let mut model: BTreeMap<u32, u64> = BTreeMap::new();
        let mut ids: Vec<(u32, TimerId)> = Vec::new();
        let (mut now, mut key) = (start, 0u32);
        fired(&mut wheel, now);
        for step in steps {
            match step {
                Step::Insert(delay) => {
                    let deadline = (now + delay).saturating_sub(20);
                    ids.push((key, wheel.insert(deadline, key)));
                    model.insert(key, deadline);
                    key += 1;
                }
                Step::Cancel(nth) if !ids.is_empty() => {
                    let (key, id) = ids[nth % ids.len()];
                    prop_assert_eq!(wheel.cancel(id), model.remove(&key).map(|_| key));
                }
                Step::Cancel(_) => {}
                Step::Advance(by) => {
                    now += by;
                    let mut got = fired(&mut wheel, now);
                    let mut want: Vec<u32> = Vec::new();
                    model.retain(|key, deadline| {
                        if *deadline <= now { want.push(*key); }
                        *deadline > now
                    });
                    got.sort_unstable();
                    prop_assert_eq!(got, want);
                }
            }
            prop_assert_eq!(wheel.len(), model.len());
            let earliest = model.values().min().copied();
            prop_assert_eq!(wheel.next_deadline().is_some(), earliest.is_some());
            prop_assert!(wheel.next_deadline() <= earliest);
        }
    }
}
