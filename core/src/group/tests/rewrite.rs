//! The log is kept short.

use super::*;

fn bench() -> Bench {
    Bench::with(GroupSettings {
        rewrite_min_records: 50,
        rewrite_ratio: 4,
        append_max_bytes: 600,
        ..GroupSettings::default()
    })
}

#[test]
fn a_log_that_has_grown_is_rewritten_and_trimmed() {
    let mut bench = bench();
    let a = bench.stable_one();
    for at in 0..200 {
        bench.commit(&a, 1, &format!("t{}", at % 9), at);
    }
    assert!(bench.start > 0, "trimmed");
    let left = i64::try_from(bench.log.len()).unwrap() - bench.start;
    assert!(left < 110, "{left} records are left");
    let all = bench.fetch_all(true).unwrap();
    let mut again = bench.reloaded();
    assert_eq!(again.fetch_all(true).unwrap(), all);
    assert_eq!(again.state(), GroupState::Stable);
    assert_eq!(again.heartbeat(&a, 1), 0);
}

#[test]
fn a_crash_at_any_point_of_a_rewrite_loses_nothing() {
    let mut bench = bench();
    let a = bench.stable_one();
    bench.hold = true;
    for at in 0..400 {
        bench.commit(&a, 1, &format!("t{}", at % 9), at);
        bench.finish_append(Ok(()));
        let mut again = bench.reloaded();
        again.hold = true;
        // what was appended is what a new coordinator sees
        assert_eq!(again.fetch_all(false), bench.fetch_all(false));
        assert_eq!(again.state(), bench.state());
    }
    assert!(bench.start > 0);
}

#[test]
fn a_rewrite_that_fails_is_tried_again() {
    let mut bench = bench();
    bench.hold = true;
    for at in 0..300 {
        bench.commit("", -1, &format!("t{}", at % 9), at);
        let result = if at % 3 == 0 { Err(ResponseError::RequestTimedOut) } else { Ok(()) };
        bench.finish_append(result);
    }
    assert!(bench.start > 0);
    let mut again = bench.reloaded();
    again.hold = true;
    assert_eq!(again.fetch_all(false), bench.fetch_all(false));
}

#[test]
fn a_log_of_nothing_but_tombstones_is_trimmed() {
    let mut bench = bench();
    for at in 0..60 {
        bench.commit("", -1, "t", at);
        bench.call("c", Request::Delete(Arc::from(GROUP)));
    }
    assert!(i64::try_from(bench.log.len()).unwrap() - bench.start <= 50);
}
