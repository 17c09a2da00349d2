//! An actor that appends in its handler, while a stock Kafka client (kcat) reads over TCP.
//! `cargo run --example orders_service`

use std::process::{Command, Stdio};

use actix::prelude::*;
use ottla::{Appended, Batch, Engine, EngineError, Topic};

/// Somebody orders; answered when the order cannot get lost any more.
#[derive(Message)]
#[rtype(result = "Result<Appended, EngineError>")]
struct Order {
    table: u32,
    drink: &'static str,
}

/// Takes orders. What it needs of the engine is a handle on a topic.
struct Waiter {
    orders: Topic,
}

impl Actor for Waiter {
    type Context = Context<Self>;
}

impl Handler<Order> for Waiter {
    type Result = ResponseFuture<Result<Appended, EngineError>>;

    fn handle(&mut self, order: Order, _: &mut Context<Self>) -> Self::Result {
        let table = format!("table {}", order.table);
        Box::pin(self.orders.append(Batch::keyed(table, order.drink)))
    }
}

/// A consumer of librdkafka's that ends after `count` records; none if it is not installed.
fn kcat(address: &str, count: usize) -> std::io::Result<Option<std::process::Child>> {
    let mut command = Command::new("kcat");
    command.args(["-b", address, "-C", "-q", "-t", "orders", "-o", "beginning", "-f", "%k: %s\\n"]);
    command.arg("-c").arg(count.to_string()).stdin(Stdio::null()).stdout(Stdio::piped());
    match command.spawn() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        spawned => spawned.map(Some),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    System::new().block_on(async {
        let engine = Engine::ephemeral().start().await?;
        let waiter = Waiter { orders: engine.topic("orders") }.start();
        let order = |table, drink| waiter.send(Order { table, drink });

        let appended = order(4, "espresso").await??;
        println!("the first order is record {} of its partition", appended.first_offset);
        let address = engine.listeners()[0].bound.to_string();
        let Some(reader) = kcat(&address, 3)? else {
            println!("kcat is not installed (apt-get install kcat): nobody reads the orders");
            engine.stop().await;
            return Ok(());
        };
        // the reader sees these as they come
        order(7, "flat white").await??;
        order(4, "cake").await??;
        let read = tokio::task::spawn_blocking(|| reader.wait_with_output()).await??;
        let read = String::from_utf8(read.stdout)?;
        print!("{read}");
        assert_eq!(read, "table 4: espresso\ntable 7: flat white\ntable 4: cake\n");
        engine.stop().await;
        Ok(())
    })
}

#[test]
fn the_reader_gets_every_order() {
    main().expect("it runs");
}
