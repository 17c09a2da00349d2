//! Bytes to requests and responses to bytes.
