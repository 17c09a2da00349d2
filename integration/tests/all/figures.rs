//! The figures that are cheap to measure, on the build under test; `integration/scripts/` has them
//! all.

use ottla_integration::prove::{self, Finding};
use ottla_integration::tools::or_skip;

#[track_caller]
fn all_pass(findings: &[Finding]) {
    findings.iter().for_each(|finding| println!("{finding}"));
    assert!(findings.iter().all(Finding::passes), "{findings:#?}");
}

#[test]
fn memory_at_rest() {
    // the time to ready is judged on a machine that does nothing else, by the script
    let findings = prove::idle();
    all_pass(&findings[1..]);
}

#[test]
fn memory_with_two_thousand_partitions_and_connections() {
    all_pass(&[prove::crowd(2000, 2000)]);
}

#[test]
fn restarts_with_logs() {
    all_pass(&prove::recovery(300_000_000));
}

#[test]
fn consumers_are_served_by_sendfile() {
    if let Some(finding) = or_skip(prove::sendfile(50_000_000)) {
        all_pass(&[finding]);
    }
}
