//! Who is answered when, without a disk and without a clock.

use std::sync::Arc;

use super::super::testing::cluster;
use super::*;

fn feature(name: &str) -> Vec<MetadataRecord> {
    vec![MetadataRecord::FeatureLevel { name: name.to_owned(), level: 1 }]
}

fn decide(
    pipeline: &mut Pipeline<&'static str>,
    records: Vec<MetadataRecord>,
    waiter: &'static str,
) -> Vec<PipelineOutput<&'static str>> {
    let mut out = Vec::new();
    pipeline.decided(records, waiter, &mut out).unwrap();
    out
}

#[test]
fn a_burst_becomes_two_entries() {
    let mut pipeline = Pipeline::new(Arc::new(cluster(1)));
    let out = decide(&mut pipeline, feature("a"), "a");
    assert_eq!(out, [PipelineOutput::Propose(feature("a"))]);
    assert!(decide(&mut pipeline, feature("b"), "b").is_empty());
    assert!(decide(&mut pipeline, feature("c"), "c").is_empty());
    assert_eq!(pipeline.tip().features().len(), 3, "decisions see those before them");

    let mut out = Vec::new();
    pipeline.committed(Offset(5), &mut out);
    let both = [feature("b"), feature("c")].concat();
    assert_eq!(out, [PipelineOutput::Propose(both)]);

    out.clear();
    pipeline.applied(Offset(5), &mut out);
    assert_eq!(out, [PipelineOutput::Release("a")]);

    // carried out before the writer hears that it is committed
    out.clear();
    pipeline.applied(Offset(6), &mut out);
    assert!(out.is_empty());
    pipeline.committed(Offset(6), &mut out);
    assert_eq!(out, [PipelineOutput::Release("b"), PipelineOutput::Release("c")]);
}

#[test]
fn a_decision_without_records_waits_for_what_it_saw() {
    let mut pipeline = Pipeline::new(Arc::new(cluster(1)));
    assert_eq!(decide(&mut pipeline, Vec::new(), "x"), [PipelineOutput::Release("x")]);
    decide(&mut pipeline, feature("a"), "a");
    assert!(decide(&mut pipeline, Vec::new(), "y").is_empty());
    let mut out = Vec::new();
    pipeline.committed(Offset(3), &mut out);
    assert!(decide(&mut pipeline, Vec::new(), "z").is_empty());
    pipeline.applied(Offset(3), &mut out);
    let released = ["a", "y", "z"].map(PipelineOutput::Release);
    assert_eq!(out, released);
}

#[test]
fn a_failure_takes_everything_behind_it_along() {
    let image = Arc::new(cluster(1));
    let mut pipeline = Pipeline::new(Arc::clone(&image));
    decide(&mut pipeline, feature("a"), "a");
    decide(&mut pipeline, feature("b"), "b");
    let mut out = Vec::new();
    pipeline.failed(Arc::clone(&image), &mut out);
    assert_eq!(out, [PipelineOutput::Fail("a"), PipelineOutput::Fail("b")]);
    assert_eq!(**pipeline.tip(), *image);
    assert_eq!(decide(&mut pipeline, feature("c"), "c").len(), 1, "it goes on from there");
}
