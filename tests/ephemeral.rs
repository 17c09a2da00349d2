//! What a stopped engine gives back. The only test of its process, so that nobody else's threads
//! and files are counted.

use std::time::{Duration, Instant};

use ottla::{Batch, Engine, EngineBuilder, Offset};

const ENGINES: usize = 1_000;

/// What this process has open.
#[derive(Debug, PartialEq, Eq)]
struct Holdings {
    threads: usize,
    files: usize,
    directories: usize,
}

fn holdings() -> Holdings {
    let count = |dir: &str| std::fs::read_dir(dir).expect("procfs").count();
    let temporary = std::fs::read_dir(std::env::temp_dir()).expect("a temporary directory");
    let prefix = format!("ottla-{}-", std::process::id());
    let ours = temporary.flatten().map(|entry| entry.file_name());
    let ours = ours.filter(|name| name.to_string_lossy().starts_with(&prefix));
    Holdings {
        threads: count("/proc/self/task"),
        files: count("/proc/self/fd"),
        directories: ours.count(),
    }
}

/// Whether an engine has threads of its own.
fn has_cores() -> bool {
    let tasks = std::fs::read_dir("/proc/self/task").expect("procfs");
    let names = tasks.flatten().map(|task| std::fs::read_to_string(task.path().join("comm")));
    names.flatten().any(|name| name.starts_with("ottla-core"))
}

/// Resident memory in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("procfs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

async fn use_one() {
    use_it(Engine::ephemeral()).await;
}

async fn use_it(builder: EngineBuilder) {
    let engine = builder.start().await.expect("started");
    let log = engine.topic("log").partition(0);
    log.append(Batch::value("started")).await.expect("appended");
    assert_eq!(log.read(Offset(0)).await.expect("read").records.len(), 1);
    engine.stop().await;
}

/// Waits until no more is held than before.
async fn settled(before: &Holdings) -> Holdings {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let now = holdings();
        if now == *before || Instant::now() > deadline {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn a_thousand_engines_leave_nothing_behind() {
    // the host's own threads for blocking work shall not outlive their work for long
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let builder = builder.enable_all().thread_keep_alive(Duration::from_millis(1));
        builder.build().expect("a runtime")
    };
    actix::System::with_tokio_rt(runtime).block_on(async {
        let before = holdings();
        use_one().await;
        assert_eq!(settled(&before).await, before);
        for _ in 0..ENGINES / 4 {
            use_one().await;
        }
        let memory = resident();
        let begun = Instant::now();
        for _ in ENGINES / 4..ENGINES {
            use_one().await;
        }
        println!("{:?} for {} engines", begun.elapsed(), ENGINES - ENGINES / 4);
        assert_eq!(settled(&before).await, before);
        let grown = resident().saturating_sub(memory);
        // an engine alone takes several times that
        println!("{grown} KiB more");
        assert!(grown < 8 * 1024, "{grown} KiB more after {ENGINES} engines");

        // on this very thread there is more to leave behind
        let here = || Engine::ephemeral().on_current_arbiter();
        for _ in 0..ENGINES / 10 {
            use_it(here()).await;
        }
        assert_eq!(settled(&before).await, before);
        let engine = here().start().await.expect("started");
        assert!(holdings().files > before.files && !has_cores());
        engine.stop().await;
        assert_eq!(holdings().files, before.files, "no file outlives the stop");
        assert_eq!(settled(&before).await, before);
        let apart = Engine::ephemeral().start().await.expect("started");
        assert!(has_cores());
        apart.stop().await;

        // one that is dropped stops by itself
        for builder in [Engine::ephemeral(), here()] {
            drop(builder.start().await.expect("started"));
            assert_eq!(settled(&before).await, before);
        }
    });
}
