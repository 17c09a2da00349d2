//! A web service that keeps what it is told in a log: the handler of an actix-web application
//! appends, and a stock Kafka client (kcat) reads over TCP.
//! `cargo run --example web_service`, and from another terminal
//! `curl -d 'one espresso' http://127.0.0.1:8080/tables/4/orders`

use std::net::SocketAddr;

use actix_web::{App, HttpResponse, HttpServer, web};
use ottla::{Batch, Engine, EngineError, Topic};

/// Takes an order; the answer is sent when the order cannot get lost any more.
async fn order(
    table: web::Path<u32>,
    drink: web::Bytes,
    orders: web::Data<Topic>,
) -> actix_web::Result<HttpResponse> {
    let appended = orders.append(Batch::keyed(format!("table {table}"), drink)).await;
    let appended = appended.map_err(status)?;
    Ok(HttpResponse::Created().body(appended.first_offset.0.to_string()))
}

/// What may go well later is 503, what never will is 400.
fn status(error: EngineError) -> actix_web::Error {
    if error.is_retriable() || error == EngineError::Stopped {
        actix_web::error::ErrorServiceUnavailable(error)
    } else {
        actix_web::error::ErrorBadRequest(error)
    }
}

/// The service, and where it listens.
fn serve(
    orders: Topic,
    address: &str,
) -> std::io::Result<(actix_web::dev::Server, Vec<SocketAddr>)> {
    let service = move || {
        let orders = web::Data::new(orders.clone());
        App::new().app_data(orders).route("/tables/{table}/orders", web::post().to(order))
    };
    let server = HttpServer::new(service).workers(2).disable_signals().bind(address)?;
    let addresses = server.addrs();
    Ok((server.run(), addresses))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    actix_web::rt::System::new().block_on(async {
        let engine = Engine::builder()
            .config("log.dirs", std::env::temp_dir().join("ottla-web-service").display())
            .start()
            .await?;
        let (server, addresses) = serve(engine.topic("orders"), "127.0.0.1:8080")?;
        println!("orders go to {addresses:?}, Kafka clients to {}", engine.listeners()[0].bound);
        let handle = server.handle();
        let serving = actix_web::rt::spawn(server);
        tokio::signal::ctrl_c().await?;
        // first who appends, then what is appended to
        handle.stop(true).await;
        serving.await??;
        engine.stop().await;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    /// One request of somebody who knows no more of HTTP than this; returns the whole answer.
    async fn post(address: SocketAddr, path: &str, body: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address).await?;
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    /// Reads `count` records with kcat; none if it is not installed.
    async fn kcat(address: SocketAddr, count: usize) -> std::io::Result<Option<String>> {
        let mut command = Command::new("kcat");
        command.args(["-C", "-q", "-t", "orders", "-o", "beginning", "-f", "%k: %s\\n", "-b"]);
        command.args([address.to_string(), "-c".into(), count.to_string()]);
        command.stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = tokio::task::spawn_blocking(move || command.output()).await?;
        match output {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            output => Ok(Some(String::from_utf8_lossy(&output?.stdout).into_owned())),
        }
    }

    #[test]
    fn what_is_posted_is_read_by_a_stock_consumer() {
        let run = actix_web::rt::System::new().block_on(async {
            let engine = Engine::ephemeral().start().await?;
            let (server, addresses) = serve(engine.topic("orders"), "127.0.0.1:0")?;
            let (http, kafka) = (addresses[0], engine.listeners()[0].bound);
            let handle = server.handle();
            let serving = actix_web::rt::spawn(server);

            let reading = actix_web::rt::spawn(kcat(kafka, 3));
            let orders = [(4, "espresso"), (7, "flat white"), (4, "cake")];
            for (offset, (table, drink)) in orders.iter().enumerate() {
                let answer = post(http, &format!("/tables/{table}/orders"), drink).await?;
                assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
                assert!(answer.ends_with(&format!("\r\n\r\n{offset}")), "{answer}");
            }
            let missing = post(http, "/tables/none/orders", "espresso").await?;
            assert!(missing.starts_with("HTTP/1.1 404"), "{missing}");
            match reading.await?? {
                Some(read) => {
                    assert_eq!(read, "table 4: espresso\ntable 7: flat white\ntable 4: cake\n");
                }
                None => println!("kcat is not installed (apt-get install kcat): nobody reads"),
            }
            // an engine that is gone is said to be, and the service lives on
            engine.stop().await;
            let answer = post(http, "/tables/4/orders", "tea").await?;
            assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
            handle.stop(true).await;
            serving.await??;
            Ok::<(), Box<dyn std::error::Error>>(())
        });
        run.expect("it runs");
    }
}
