//! Typed settings under Kafka's property names.
