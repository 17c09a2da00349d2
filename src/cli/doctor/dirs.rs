//! Data directories of a broker that need not run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use ottla_core::base::TopicPartition;
use ottla_core::storage::RealDisk;
use ottla_core::storage::check::{Checked, Severity, check_dir_with, segment_bytes};

use super::report::Section;
use crate::cli::kit::Progress;

/// Looks at each directory, and at whether they belong together; `node` is what the settings say
/// the broker is.
pub(super) fn check(dirs: &[PathBuf], node: Option<i32>) -> Vec<Section> {
    let mut sections = Vec::new();
    let total = dirs.iter().map(|dir| segment_bytes(&RealDisk, dir)).sum();
    let progress = RefCell::new(Progress::of_bytes(Some(total)));
    let read = |bytes| {
        if let Some(progress) = progress.borrow_mut().as_mut() {
            progress.add(bytes);
        }
    };
    let mut owner: Option<(String, i32)> = None;
    let mut homes: BTreeMap<TopicPartition, &PathBuf> = BTreeMap::new();
    for dir in dirs {
        let mut section = Section::new(dir.display().to_string());
        if !dir.exists() {
            section.seen = "is not there".to_owned();
            let advice = "the broker makes it when it starts; is the path right?";
            section.add(Severity::Note, dir.display().to_string(), "does not exist", advice);
            sections.push(section);
            continue;
        }
        let checked = check_dir_with(&RealDisk, dir, &read);
        section.seen = seen(&checked);
        for finding in &checked.findings {
            let (what, advice) = (finding.wrong.to_string(), finding.wrong.advice());
            section.add(finding.severity, finding.path.display().to_string(), what, advice);
        }
        if let Some(meta) = &checked.meta {
            let wanted = owner
                .get_or_insert_with(|| (meta.cluster_id.clone(), node.unwrap_or(meta.node_id)));
            if *wanted != (meta.cluster_id.clone(), meta.node_id) {
                let place = dir.join("meta.properties").display().to_string();
                let (cluster, node) = wanted;
                let what = format!(
                    "belongs to node {} of cluster {}, not to node {node} of cluster {cluster}",
                    meta.node_id, meta.cluster_id
                );
                let advice = "a wrong log directory, or a wrong node.id: the broker will not start";
                section.add(Severity::Error, place, what, advice);
            }
        }
        for partition in &checked.partitions {
            if let Some(other) = homes.insert(partition.clone(), dir) {
                let place = dir.join(partition.dir_name()).display().to_string();
                let what = format!("the partition is also in {}", other.display());
                let advice = "find out which copy is current and move the other away";
                section.add(Severity::Error, place, what, advice);
            }
        }
        sections.push(section);
    }
    sections
}

fn seen(checked: &Checked) -> String {
    let whose = match &checked.meta {
        Some(meta) => format!("node {} of cluster {}, ", meta.node_id, meta.cluster_id),
        None => String::new(),
    };
    format!(
        "{whose}{} partitions, {} segments, {} batches, {} bytes",
        checked.partitions.len(),
        checked.segments,
        checked.batches,
        checked.bytes
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(node: i32) -> String {
        format!("cluster.id=c\nnode.id={node}\nversion=1\n")
    }

    #[test]
    fn directories_must_belong_together() {
        let root = tempfile::tempdir().expect("a directory");
        let dirs = [root.path().join("a"), root.path().join("b"), root.path().join("none")];
        for (node, dir) in dirs.iter().take(2).enumerate() {
            std::fs::create_dir_all(dir.join("t-0")).expect("a directory");
            let node = i32::try_from(node).expect("small");
            std::fs::write(dir.join("meta.properties"), meta(node)).expect("a file");
        }
        let sections = check(&dirs, None);
        let errors: Vec<&str> = sections
            .iter()
            .flat_map(|section| &section.lines)
            .filter(|line| line.severity == Severity::Error)
            .map(|line| line.what.as_str())
            .collect();
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors[0].starts_with("belongs to node 1 of cluster c, not to node 0"));
        assert!(errors[1].starts_with("the partition is also in "));
        assert_eq!(sections[2].lines[0].severity, Severity::Note);
    }

    #[test]
    fn the_settings_say_whose_a_directory_should_be() {
        let root = tempfile::tempdir().expect("a directory");
        std::fs::write(root.path().join("meta.properties"), meta(1)).expect("a file");
        let wrong = check(&[root.path().to_owned()], Some(2));
        assert!(wrong[0].lines.iter().any(|line| line.severity == Severity::Error));
        let right = check(&[root.path().to_owned()], Some(1));
        assert!(right[0].lines.is_empty());
    }
}
