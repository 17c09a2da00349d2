//! A consumer that acts once on what is delivered twice: the effect and the key that names it go
//! into SQLite in one transaction, and a key that is there already has had its effect.
//! `cargo run --example deduplicate`

use std::path::{Path, PathBuf};

use actix::prelude::*;
use ottla::{Batch, Delivery, Engine};
use rusqlite::Connection;
use tokio::sync::watch;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const PAYMENTS: i64 = 2_000;

/// Books payments. SQLite blocks, so it has a thread of its own.
struct Cashier {
    database: Connection,
    /// How many records it has dealt with.
    seen: watch::Sender<usize>,
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let database = Connection::open(path)?;
    // the example's machine does not lose power
    database.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
         CREATE TABLE IF NOT EXISTS payment (id TEXT PRIMARY KEY, cents INTEGER NOT NULL);
         CREATE TABLE IF NOT EXISTS till (cents INTEGER NOT NULL);
         INSERT INTO till SELECT 0 WHERE NOT EXISTS (SELECT * FROM till);",
    )?;
    Ok(database)
}

impl Cashier {
    fn start(path: PathBuf) -> (Addr<Self>, watch::Receiver<usize>) {
        let (seen, watched) = watch::channel(0);
        let cashier = SyncArbiter::start(1, move || {
            let database = open(&path).expect("the database opens");
            Self { database, seen: seen.clone() }
        });
        (cashier, watched)
    }

    fn book(&mut self, delivery: &Delivery) -> rusqlite::Result<()> {
        let transaction = self.database.transaction()?;
        let mut insert =
            transaction.prepare("INSERT OR IGNORE INTO payment (id, cents) VALUES (?1, ?2)")?;
        let mut add = transaction.prepare("UPDATE till SET cents = cents + ?1")?;
        for record in &delivery.records {
            let text = |bytes: Option<&[u8]>| {
                String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
            };
            let id = text(record.key.as_deref());
            let cents: u32 = text(record.value.as_deref()).parse().unwrap_or(0);
            if insert.execute((&id, cents))? == 1 {
                add.execute([cents])?;
            }
        }
        drop((insert, add));
        transaction.commit()
    }
}

impl Actor for Cashier {
    type Context = SyncContext<Self>;
}

impl Handler<Delivery> for Cashier {
    type Result = ();

    fn handle(&mut self, delivery: Delivery, _: &mut Self::Context) {
        self.book(&delivery).expect("the database works");
        self.seen.send_modify(|seen| *seen += delivery.records.len());
    }
}

/// Appends the payments; each third is sent twice, as by somebody who saw no answer and tried
/// again.
async fn pay(engine: &Engine) -> Outcome<usize> {
    let payments = engine.topic("payments");
    let mut sent = 0;
    for n in 0..PAYMENTS {
        for _ in 0..if n % 3 == 0 { 2 } else { 1 } {
            payments.append(Batch::keyed(format!("payment {n}"), n.to_string())).await?;
            sent += 1;
        }
    }
    Ok(sent)
}

fn main() -> Outcome<()> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("till.db");
    System::new().block_on(async {
        // time stands still: no offset is committed that nobody asked for
        let engine = Engine::ephemeral().without_listener().held_clock().start().await?;
        let sent = pay(&engine).await?;
        let group = engine.group("cashiers");

        let (cashier, mut seen) = Cashier::start(path.clone());
        let member = group.join(&["payments"], cashier.recipient()).await?;
        let again = *seen.wait_for(|seen| *seen > 0).await?;
        // it goes without a word: what it has booked is committed to nobody
        drop(member);

        let (cashier, mut seen) = Cashier::start(path.clone());
        let member = group.join(&["payments"], cashier.recipient()).await?;
        seen.wait_for(|seen| *seen >= sent).await?;
        member.leave().await?;
        println!("{PAYMENTS} payments came as {sent} records, {again} of which came again");

        let database = open(&path)?;
        let count = "SELECT count(*), (SELECT cents FROM till) FROM payment";
        let booked: (i64, i64) =
            database.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        assert_eq!(booked, (PAYMENTS, PAYMENTS * (PAYMENTS - 1) / 2));
        assert!(again > 0);
        engine.stop().await;
        Ok(())
    })
}

#[test]
fn every_payment_is_booked_once() {
    main().expect("it runs");
}
