//! CPU time and wall time of a run of each row, as JSON.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use crate::clock::cpu_time;
use crate::row::{Row, Run};

/// What is measured, and for how long.
pub(crate) struct Options {
    only: Option<String>,
    seconds: f64,
    /// Runs side by side on as many threads; 1 is the single-threaded runtime.
    at_once: usize,
}

/// A sample takes at least this long, so that reading the clocks does not count.
const SAMPLE: Duration = Duration::from_millis(2);
const FEWEST_SAMPLES: usize = 3;
const MOST_SAMPLES: usize = 200;

impl Options {
    pub(crate) fn read(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self { only: None, seconds: 1.0, at_once: 1 };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("{argument:?} needs a value"));
            let number = |text: &String| text.parse().map_err(|_| format!("{text:?} is no number"));
            match argument.as_str() {
                "--only" => options.only = Some(value()?.clone()),
                "--seconds" => {
                    options.seconds = value()?.parse().map_err(|_| "`--seconds` takes a number")?
                }
                "--at-once" => options.at_once = number(value()?)?,
                "--json" | "--bench" => {}
                other => return Err(format!("unknown argument {other:?}")),
            }
        }
        Ok(options)
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.split(',').any(|part| name.contains(part)))
    }
}

pub(crate) fn single_threaded() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

/// Measures every wanted row.
pub(crate) fn all(rows: Vec<Row>, options: &Options) -> Value {
    let runtime = match options.at_once {
        1 => single_threaded(),
        threads => {
            tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_time().build().unwrap()
        }
    };
    let mut found = Map::new();
    for row in rows.into_iter().filter(|row| options.wants(&row.name)) {
        let run = runtime.block_on((row.make)());
        let measured = one(&runtime, run, options);
        eprintln!("{:48} {measured}", row.name);
        found.insert(row.name, measured);
    }
    json!({ "at_once": options.at_once, "rows": found })
}

struct Sample {
    cpu: f64,
    wall: f64,
}

fn one(runtime: &Runtime, run: Run, options: &Options) -> Value {
    let run = Arc::new(run);
    let repeat = |times: usize| match options.at_once {
        1 => runtime.block_on(async {
            for _ in 0..times {
                run().await;
            }
        }),
        at_once => {
            let each = |_| {
                let run = Arc::clone(&run);
                runtime.spawn(async move {
                    for _ in 0..times {
                        run().await;
                    }
                })
            };
            let spawned: Vec<_> = (0..at_once).map(each).collect();
            runtime.block_on(async {
                for task in spawned {
                    task.await.unwrap();
                }
            });
        }
    };
    let sample = |times: usize| {
        let (cpu, wall) = (cpu_time(), Instant::now());
        repeat(times);
        let runs = (times * options.at_once) as f64;
        let (cpu, wall) = (cpu_time().saturating_sub(cpu), wall.elapsed());
        Sample { cpu: cpu.as_secs_f64() * 1e3 / runs, wall: wall.as_secs_f64() * 1e3 / runs }
    };
    repeat(1);
    let one = Duration::from_secs_f64(sample(1).wall / 1e3);
    let times = (SAMPLE.as_nanos() / one.as_nanos().max(1)).max(1) as usize;
    let begin = Instant::now();
    let mut samples = Vec::new();
    while samples.len() < FEWEST_SAMPLES
        || (samples.len() < MOST_SAMPLES && begin.elapsed().as_secs_f64() < options.seconds)
    {
        samples.push(sample(times));
    }
    let (cpu, wall) = (sorted(&samples, |sample| sample.cpu), sorted(&samples, |sample| sample.wall));
    json!({
        "runs": samples.len() * times * options.at_once,
        "cpu_ms": cpu[cpu.len() / 2],
        "cpu_min_ms": cpu[0],
        "wall_ms": wall[wall.len() / 2],
        "wall_min_ms": wall[0],
    })
}

fn sorted(samples: &[Sample], figure: impl Fn(&Sample) -> f64) -> Vec<f64> {
    let mut figures: Vec<f64> = samples.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures
}
