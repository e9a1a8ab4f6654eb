//! A whole reload of a running sendwall: files read, compiled, tried, put in force and written down.
//!
//! `cargo bench --bench reload`; the figures before criterion's own are resident memory.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench tells its figures, and fails loudly")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use criterion::{Criterion, criterion_group, criterion_main};
use sendwall::admin::Cause;
use sendwall::app::{self, Running};
use sendwall::config;
use tokio::runtime::Runtime;

/// Reloads between two looks at the memory.
const ROUNDS: u32 = 2_000;

/// A directory of its own, gone at the end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sendwall-bench-reload-{}-{name}", std::process::id()));
        fs::create_dir_all(path.join("rules")).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn rules(count: usize, turn: u32) -> String {
    let mut text = format!("# turn {turn}\n");
    for index in 0..count {
        let when = format!("phone.country in [\"UZ\", \"TJ\"] && prior > 0.{}", index + 1);
        writeln!(text, "[[rule]]\nid = \"r{index}\"\nwhen = '{when}'\nthen = \"block\"\nreason = \"turn {turn}\"")
            .unwrap();
    }
    text
}

fn start(directory: &Path, state: bool) -> (Runtime, Running) {
    let state = if state { "state = \"state\"\n" } else { "" };
    let text = format!(
        "listen = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nupstream = \"http://127.0.0.1:1\"\n{state}rules = [\"rules/*.toml\"]\n\
         packs = [\"monitor\"]\n[[endpoint]]\nname = \"login\"\nsend = \"POST /a\"\n"
    );
    let file = directory.join("sendwall.toml");
    fs::write(&file, text).unwrap();
    let (config, runtime) = (config::load(&file).unwrap(), Runtime::new().unwrap());
    let running = runtime.block_on(app::start(config, Some(file))).unwrap();
    (runtime, running)
}

/// Resident memory of this process, in KiB.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or_default() * 4
}

fn bench(criterion: &mut Criterion) {
    for (count, state) in [(0, false), (50, false), (50, true), (1000, false)] {
        let kept = if state { "with its history on disk" } else { "history in memory" };
        let directory = Directory::new(&format!("{count}-{state}"));
        let file = directory.0.join("rules/own.toml");
        fs::write(&file, rules(count, 0)).unwrap();
        let (runtime, running) = start(&directory.0, state);
        let mut turn = 0;
        let mut reload = || {
            turn += 1;
            fs::write(&file, rules(count, turn)).unwrap();
            running.reload(&Cause::Signal).unwrap()
        };
        criterion.bench_function(&format!("reload, {count} rules and a pack, {kept}"), |bencher| {
            bencher.iter(&mut reload);
        });
        if count == 50 && !state {
            let before = resident();
            for _ in 0..ROUNDS {
                reload();
            }
            println!("resident: {before} KiB, {} KiB after {ROUNDS} more reloads", resident());
        }
        runtime.shutdown_background();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30);
    targets = bench
}
criterion_main!(benches);
