//! Who replicates what: ISR and fetcher decisions. Empty until there are several nodes.
