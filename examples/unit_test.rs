//! How code that uses a broker is tested: each test has a broker of its own for some milliseconds.
//! `cargo test --example unit_test`

use std::collections::BTreeMap;

#[cfg(test)]
use ottla::NewTopic;
use ottla::{Batch, Engine, EngineError, Partition};

#[cfg(test)]
const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

/// The code under test: what each table has to pay.
async fn bills(orders: &Partition) -> Result<BTreeMap<String, u32>, EngineError> {
    let mut bills = BTreeMap::new();
    let mut next = orders.earliest().await?;
    loop {
        let read = orders.read(next).await?;
        if read.records.is_empty() {
            return Ok(bills);
        }
        next = read.next_offset;
        for record in read.records {
            let text = |bytes: Option<&[u8]>| {
                String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
            };
            let cents: u32 = text(record.value.as_deref()).parse().unwrap_or(0);
            *bills.entry(text(record.key.as_deref())).or_default() += cents;
        }
    }
}

/// Gives `test` an empty partition of a broker that nobody else has.
fn with_orders(
    test: impl AsyncFnOnce(&Partition) -> Result<(), EngineError>,
) -> Result<(), Box<dyn std::error::Error>> {
    actix::System::new().block_on(async {
        let engine = Engine::ephemeral().without_listener().start().await?;
        let outcome = test(&engine.topic("orders").partition(0)).await;
        engine.stop().await;
        Ok(outcome?)
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    with_orders(async |orders| {
        orders.append(Batch::keyed("table 4", "250")).await?;
        orders.append(Batch::keyed("table 7", "320")).await?;
        orders.append(Batch::keyed("table 4", "410")).await?;
        let expected = [("table 4".to_owned(), 660), ("table 7".to_owned(), 320)];
        assert_eq!(bills(orders).await?, BTreeMap::from(expected));
        println!("every table pays what it had");
        Ok(())
    })
}

#[test]
fn tables_pay_what_they_had() {
    main().expect("it runs");
}

#[test]
fn bills_of_last_week_are_forgotten() {
    let run = actix::System::new().block_on(async {
        // time passes only where the test says so
        let engine = Engine::ephemeral().without_listener().held_clock().start().await?;
        let topic = NewTopic::new("orders").config("retention.ms", 7 * DAY.as_millis());
        engine.admin().create_topic(topic).await?;
        let orders = engine.topic("orders").partition(0);
        orders.append(Batch::keyed("table 4", "250")).await?;
        engine.clock().advance(6 * DAY).await?;
        assert_eq!(bills(&orders).await?, BTreeMap::from([("table 4".to_owned(), 250)]));
        engine.clock().advance(2 * DAY).await?;
        assert_eq!(bills(&orders).await?, BTreeMap::new());
        engine.stop().await;
        Ok::<(), Box<dyn std::error::Error>>(())
    });
    run.expect("it runs");
}

#[test]
fn nobody_pays_for_what_is_not_a_number() {
    let run = with_orders(async |orders| {
        orders.append(Batch::keyed("table 4", "a lot")).await?;
        assert_eq!(bills(orders).await?, BTreeMap::from([("table 4".to_owned(), 0)]));
        Ok(())
    });
    run.expect("it runs");
}
