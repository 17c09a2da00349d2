//! The engine inside another program: `cargo run --example embed -- listeners=PLAINTEXT://:9092`.

use ottla::{Engine, Settings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pairs: Vec<String> = std::env::args().skip(1).collect();
    let settings = Settings::with(pairs.iter().filter_map(|pair| pair.split_once('=')))?;
    actix::System::new().block_on(async {
        let engine = Engine::start(settings).await?;
        for listener in engine.listeners() {
            println!("{} on {}", listener.name, listener.bound);
        }
        tokio::signal::ctrl_c().await?;
        engine.stop().await;
        Ok(())
    })
}
