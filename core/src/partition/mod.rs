//! One partition: what may be appended, what may be read, who waits for what.
