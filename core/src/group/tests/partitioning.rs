//! Which partition a group belongs to.

use super::*;

#[test]
fn as_java_hashes_strings() {
    // values of Java's String.hashCode: "" 0, "a" 97, "group1" -1237460590
    assert_eq!(partition_for("", 50), 0);
    assert_eq!(partition_for("a", 50), 47);
    assert_eq!(partition_for("group1", 50), 40);
    // "polygenelubricants" hashes to the smallest integer, whose absolute value is no integer
    assert_eq!(partition_for("polygenelubricants", 50), 0);
    assert_eq!(partition_for("a", 0), 0);
}
