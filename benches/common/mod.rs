//! What the benches share: their arguments, shares of a list of times, ports, cores, and a lean client.

#![allow(dead_code, reason = "each bench uses a part")]

pub mod http;
pub mod seed;

use std::net::Ipv4Addr;
use std::time::Duration;

/// What stands after `--` on the command line.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// Make and ask less.
    pub quick: bool,
    /// An empty database; a SQLite file that goes away if none.
    pub database: Option<String>,
    /// Other words with the value after each.
    pub others: Vec<(String, String)>,
}

impl Arguments {
    /// Reads them. `pairs` are the words that take so many values.
    ///
    /// # Panics
    /// For words that are not known.
    pub fn read(pairs: &[&str]) -> Self {
        let mut result = Self::default();
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => result.quick = true,
                "--database" => result.database = Some(words.next().expect("--database URL")),
                // What cargo itself adds.
                "--bench" => {}
                other if pairs.contains(&other) => {
                    result.others.push((other.to_owned(), words.next().expect("a value")));
                }
                other => panic!("no such argument: {other}"),
            }
        }
        result
    }

    /// The value after a word.
    pub fn value(&self, word: &str) -> Option<&str> {
        self.others.iter().find(|(name, _)| name == word).map(|(_, value)| value.as_str())
    }
}

/// The value at this share of a list, which is sorted for it, in milliseconds.
pub fn at(all: &mut [Duration], share: f64) -> f64 {
    if all.is_empty() {
        return f64::NAN;
    }
    all.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = ((all.len() - 1) as f64 * share) as usize;
    all[index].as_secs_f64() * 1000.0
}

/// A port that is free, and the next one too.
pub fn free_port() -> u16 {
    loop {
        let first = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = first.local_addr().expect("its address").port();
        if std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port + 1)).is_ok() {
            return port;
        }
    }
}

/// Keeps a process on one core, where `taskset` and two cores are there.
pub fn pin(process: u32, core: usize) {
    let done = std::process::Command::new("taskset").args(["-acp", &core.to_string(), &process.to_string()]).output();
    if !done.is_ok_and(|output| output.status.success()) {
        println!("not kept on a core of its own: no taskset, or only one core");
    }
}

/// Memory of a process that is its own, in megabytes.
pub fn rss_anon_mb(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(f64::NAN) / 1024.0
}

/// Waits until a process has nothing to do: what it took up at its start is not what is measured. A minute at most.
pub async fn until_idle(process: u32) {
    let mut before = u64::MAX;
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // Time spent in its own code and in the system's, in hundredths of seconds: fields 14 and 15, the 12th and 13th
        // after the name in brackets.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let spent = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        if before != u64::MAX && spent - before <= 2 {
            return;
        }
        before = spent;
    }
}
