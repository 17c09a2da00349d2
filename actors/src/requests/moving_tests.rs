//! Connections that move to the core of the partition they talk to.

use super::*;
use crate::protocol::Server;

/// Runs `test` against a broker of two cores with a topic of two partitions, one on each.
fn with_two_cores<F: Future<Output = ()>>(
    settings: &[(&str, &str)],
    test: impl FnOnce(Client, Topic, Arc<Server>) -> F,
) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data").to_string_lossy().into_owned();
    let base =
        [("listeners", "PLAINTEXT://127.0.0.1:0"), ("log.dirs", &path), ("ottla.cores", "2")];
    let settings = Settings::with(base.iter().chain(settings).copied()).unwrap();
    actix_rt::System::new().block_on(async {
        let broker = Broker::start(Arc::new(settings), Arc::new(RealDisk)).await.unwrap();
        let bound = broker.listeners()[0].bound;
        let mut client = Client(TcpStream::connect(bound).await.unwrap());
        let topic = Topic { name: "t", id: client.create("t", 2).await };
        let server = Arc::clone(broker.server().unwrap());
        let test = test(client, topic, server);
        assert!(tokio::time::timeout(Duration::from_secs(60), test).await.is_ok(), "too long");
        broker.stop().await;
    });
}

/// Produces one request after the other, to each partition in turn for a while, until the
/// connection has moved `moves` times. Which of the two is on another core does not matter.
async fn move_about(client: &mut Client, topic: &Topic, server: &Server, moves: u64) {
    let mut next = [0, 0];
    for partition in [0_usize, 1].into_iter().cycle() {
        for _ in 0..100 {
            if server.moves() >= moves {
                return;
            }
            let index = i32::try_from(partition).unwrap();
            assert_eq!(client.produce(9, topic, index).await, (0, next[partition]));
            next[partition] += 2;
            // a busy core takes nobody
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn all_gone(server: &Server) {
    while server.connections() > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[test]
fn a_connection_moves_to_its_partition_and_loses_nothing() {
    with_two_cores(&[], |mut client, topic, server| async move {
        move_about(&mut client, &topic, &server, 2).await;
        assert_eq!(server.connections(), 1);
        // a request that arrives in pieces, and one right behind another
        let request = produce(9, &topic, 0, 1, batch(2));
        for _ in 0..3 {
            client.send(ApiKey::Produce, 9, &request).await;
        }
        let mut offsets = Vec::new();
        for _ in 0..3 {
            let answer: ProduceResponse = client.receive(ApiKey::Produce, 9).await;
            offsets.push(answer.responses[0].partition_responses[0].base_offset);
        }
        assert_eq!([offsets[1] - offsets[0], offsets[2] - offsets[1]], [2, 2]);
        drop(client);
        all_gone(&server).await;
    });
}

#[test]
fn a_moved_connection_is_closed_when_idle_and_counted_once() {
    let settings = [("connections.max.idle.ms", "2000"), ("max.connections.per.ip", "1")];
    with_two_cores(&settings, |mut client, topic, server| async move {
        move_about(&mut client, &topic, &server, 1).await;
        let address = client.0.peer_addr().unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        assert!(matches!(second.read(&mut [0; 1]).await, Ok(0) | Err(_)));
        assert_eq!(server.connections(), 1);
        assert_eq!(client.0.read(&mut [0; 1]).await.unwrap(), 0);
        all_gone(&server).await;
    });
}

#[test]
fn a_consumer_that_waits_moves_too() {
    with_two_cores(&[], |mut client, topic, server| async move {
        for partition in [0, 1].into_iter().cycle() {
            for _ in 0..100 {
                if server.moves() > 0 {
                    return;
                }
                let waiting = fetch(12, &topic, &[(partition, 0)]).with_max_wait_ms(1);
                assert!(offsets(&client.fetch(12, &waiting).await).is_empty());
            }
        }
    });
}

#[test]
fn a_client_with_many_requests_in_flight_stays_and_is_answered_in_order() {
    with_two_cores(&[], |mut client, topic, server| async move {
        let mut next = [0, 0];
        for _ in 0..60 {
            for _ in 0..4 {
                for partition in [0, 1] {
                    let request = produce(9, &topic, partition, 1, batch(2));
                    client.send(ApiKey::Produce, 9, &request).await;
                }
            }
            for _ in 0..4 {
                for (partition, next) in (0..).zip(&mut next) {
                    let answer: ProduceResponse = client.receive(ApiKey::Produce, 9).await;
                    let answer = &answer.responses[0].partition_responses[0];
                    assert_eq!((answer.index, answer.base_offset), (partition, *next));
                    *next += 2;
                }
            }
        }
        assert_eq!(server.moves(), 0);
    });
}
