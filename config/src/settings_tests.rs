use super::*;

#[test]
fn defaults_are_kafkas() {
    let settings = Settings::defaults();
    assert_eq!(settings.node_id, 1);
    assert_eq!(settings.log_retention_ms, 7 * 24 * 3_600_000);
    assert_eq!(settings.log_dirs, [PathBuf::from("data")]);
    assert_eq!(settings.listeners.len(), 1);
    assert_eq!(settings.advertised_listeners[0].to_string(), "PLAINTEXT://:9092");
    assert_eq!(settings.inter_broker_listener_name, "PLAINTEXT");
}
