//! The controller: metadata records, the image they build, placement and limits.
