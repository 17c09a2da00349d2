//! Replica fetchers. Empty until there are several nodes.
