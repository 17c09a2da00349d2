//! Consumer groups: membership, rebalance, offsets and expiry.
