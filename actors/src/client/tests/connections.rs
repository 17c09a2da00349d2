//! Addresses that are dead, wrong or silent.

use super::*;

#[test]
fn the_first_address_may_be_dead() {
    with_broker(|address| async move {
        let addresses = format!("{},{address}", dead_address().await);
        let admin = Admin::start(ClientConfig::new(&addresses)).unwrap();
        assert_eq!(admin.describe_cluster().await.unwrap().brokers.len(), 1);
    });
}

#[actix::test]
async fn an_address_that_nobody_listens_on_is_said() {
    let address = dead_address().await;
    let admin = Admin::start(ClientConfig::new(&address)).unwrap();
    let error = admin.describe_cluster().await.unwrap_err();
    let kind = std::io::ErrorKind::ConnectionRefused;
    assert_eq!(error, ClientError::Connect { address, kind });
    let admin = Admin::start(ClientConfig::new("nobody.invalid:9092")).unwrap();
    let error = admin.describe_cluster().await.unwrap_err();
    assert_eq!(error.to_string(), "cannot connect to nobody.invalid:9092: host is not known");
    let admin = Admin::start(ClientConfig::new("[::1]:1")).unwrap();
    let error = admin.describe_cluster().await.unwrap_err();
    assert!(error.to_string().starts_with("cannot connect to [::1]:1: "), "{error}");
    for wrong in ["", "host", ":9092", "host:port"] {
        let refused = Admin::start(ClientConfig::new(wrong)).unwrap_err();
        assert_eq!(refused, ClientError::NoAddress, "{wrong}");
    }
}

#[actix::test]
async fn a_broker_that_does_not_answer_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = ClientConfig::new(&listener.local_addr().unwrap().to_string());
    config.request_timeout = Duration::from_millis(50);
    config.api_timeout = Duration::from_millis(200);
    let admin = Admin::start(config).unwrap();
    assert_eq!(admin.describe_cluster().await.unwrap_err(), ClientError::TimedOut);
}

#[actix::test]
async fn something_else_than_a_broker_is_given_up() {
    use tokio::io::AsyncWriteExt;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = ClientConfig::new(&listener.local_addr().unwrap().to_string());
    config.api_timeout = Duration::from_millis(200);
    actix_rt::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let admin = Admin::start(config).unwrap();
    assert_eq!(admin.describe_cluster().await.unwrap_err(), ClientError::TimedOut);
}
