//! How work grows: with the length of a filter, its values, the people of a tenant (benches/growth.rs), the names of a
//! call (benches/bulk.c) and the threads that call (benches/many.c).

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::native::{self, Programs};
use super::table::{Figure, Line};
use super::{Bench, Part, command, output};
use crate::sandbox::Sandbox;
use crate::{Result, build};

/// What each part of the largest may take in comparison with each part of the smallest, both divided by the logarithm of
/// the number of parts: work grows by n log n at most.
const AIM: f64 = 1.0;

/// What a filter with 10,000 values over 100,000 people may take. Each value beside each person took 57 s.
const VALUES_AND_PEOPLE: Duration = Duration::from_secs(2);

/// Ten times more each time; names of benches/bulk.c have six digits.
const NAMES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

const THREADS: [usize; 4] = [1, 4, 16, 64];
const CALLS_OF_A_THREAD: usize = 500;

pub(super) fn measure(bench: &Bench) -> Result<Part> {
    let (mut lines, mut missing) = (Vec::new(), Vec::new());
    let text = output(command(&bench.growth).arg("--bench"))?;
    let mut curves: Vec<Curve> = Vec::new();
    for line in text.lines() {
        let wrong = || format!("benches/growth.rs gave no figure, but: {line}");
        let seconds = |text: &str| text.parse().map(|nanoseconds: f64| nanoseconds / 1e9).map_err(|_| wrong());
        match line.split(" | ").collect::<Vec<_>>()[..] {
            [what, size, parts, each] => {
                let parts = parts.parse().map_err(|_| wrong())?;
                let point = Point { size: size.to_owned(), parts, each: seconds(each)? };
                match curves.last_mut().filter(|curve| curve.what == what) {
                    Some(curve) => curve.points.push(point),
                    None => curves.push(Curve { what: what.to_owned(), points: vec![point] }),
                }
            }
            [what, all] => lines.push(values_and_people(what, seconds(all)?)),
            _ => return Err(wrong()),
        }
    }
    match native::compiler() {
        Some(compiler) => {
            lines.extend(whole_calls(bench, &compiler)?);
            curves.push(threads(bench, &compiler)?);
            curves.push(names(bench, &compiler)?);
        }
        None => missing.push(native::no_compiler("names and threads through C")),
    }
    lines.extend(curves.iter().flat_map(Curve::lines));
    Ok((lines, missing))
}

/// One kind of work at several sizes, the smallest first.
struct Curve {
    what: String,
    points: Vec<Point>,
}

struct Point {
    size: String,
    parts: f64,
    /// The seconds that each part takes.
    each: f64,
}

impl Curve {
    /// A line for each point, and one for the growth.
    fn lines(&self) -> Vec<Line> {
        let line = |point: &Point| Line {
            what: format!("{}, {}: each", self.what, point.size),
            ours: Figure::Seconds(point.each),
            other: None,
            aim: None,
        };
        let mut lines: Vec<Line> = self.points.iter().map(line).collect();
        if let [first, .., last] = &self.points[..] {
            let of_n_log_n = |point: &Point| Figure::Seconds(point.each / point.parts.log2());
            lines.push(Line {
                what: format!("{}: time / n log n", self.what),
                ours: of_n_log_n(last),
                other: Some(("the same of the smallest", of_n_log_n(first))),
                aim: Some(AIM),
            });
        }
        lines
    }
}

fn values_and_people(form: &str, seconds: f64) -> Line {
    Line {
        what: format!("10,000 values, 100,000 people: {form}"),
        ours: Figure::Seconds(seconds),
        other: Some(("what it may take", Figure::Time(VALUES_AND_PEOPLE))),
        aim: Some(1.0),
    }
}

/// Filters with 10,000 values on `process` in a tenant of 100,000 people: searched for, judged, and those who match are
/// refreshed, 10,000 by one, nobody by the other, which would refresh everybody else.
fn whole_calls(bench: &Bench, compiler: &Path) -> Result<Vec<Line>> {
    const PEOPLE: usize = 100_000;
    const VALUES: usize = 10_000;
    let tenant = Named::start(bench, compiler, PEOPLE)?;
    let join = |each: &dyn Fn(String) -> String, between: &str| -> String {
        let values = (0..VALUES).map(|number| each(name(number * (PEOPLE / VALUES))));
        values.collect::<Vec<_>>().join(between)
    };
    let is_in = format!("uid.in({{{}}})", join(&|name| format!("\"{name}\""), ", "));
    let is_not = join(&|name| format!("uid i!= \"{name}\""), " && ");
    let mut lines = Vec::new();
    for (what, filter, is_dry, refreshed) in
        [("a call with uid.in", is_in, false, VALUES as u64), ("a dry run with a chain of i!=", is_not, true, 0)]
    {
        let options = json!({ "backend": "process", "dryRun": is_dry });
        let request = json!({ "filter": filter, "options": options, "configuration": tenant.configuration() });
        // The first search indexes the people.
        let times = [tenant.time(&request, None)?, tenant.time(&request, None)?, tenant.time(&request, None)?];
        tenant.must_have_refreshed(3 * refreshed)?;
        lines.push(values_and_people(what, times.into_iter().fold(f64::INFINITY, f64::min)));
        tenant.sandbox.clear_log()?;
    }
    Ok(lines)
}

/// Refreshes of one person, by ever more threads that share a connection pool.
fn threads(bench: &Bench, compiler: &Path) -> Result<Curve> {
    let many = native::compile(compiler, "many", |command| link(bench, command.arg("-pthread")))?;
    let folder = bench.library.parent().ok_or("The library lies in no folder.")?;
    let programs = Programs { folder, url: &bench.sandbox.url };
    let measure = |threads: usize| -> Result<Point> {
        let number = u32::try_from(threads).map_err(|error| error.to_string())?;
        let mut fastest = f64::INFINITY;
        for _ in 0..3 {
            let text = programs.run(command(&many), number, &[&CALLS_OF_A_THREAD.to_string()])?;
            let all: f64 = text.trim().parse().map_err(|_| format!("benches/many.c gave no figure, but: {text}"))?;
            fastest = fastest.min(all);
        }
        let parts = (threads * CALLS_OF_A_THREAD) as f64;
        Ok(Point { size: threads.to_string(), parts, each: fastest / parts / 1e9 })
    };
    let points = THREADS.into_iter().map(measure).collect::<Result<_>>()?;
    Ok(Curve { what: "refreshes, threads".into(), points })
}

/// People by name, streamed, in a tenant that has as many people as the largest call names.
fn names(bench: &Bench, compiler: &Path) -> Result<Curve> {
    let tenant = Named::start(bench, compiler, NAMES[NAMES.len() - 1])?;
    let request = json!({ "stream": true, "configuration": tenant.configuration() });
    let sent = Cell::new(0);
    let fastest = |number: usize, rounds: usize| -> Result<f64> {
        let mut fastest = f64::INFINITY;
        for _ in 0..rounds {
            sent.set(sent.get() + number as u64);
            fastest = fastest.min(tenant.time(&request, Some(number))?);
        }
        Ok(fastest)
    };
    // The first search indexes the people; the others tell how long the program takes to start.
    fastest(1, 1)?;
    let start = fastest(1, 5)?;
    let mut points = Vec::new();
    for number in NAMES {
        let time = fastest(number, if number <= 10_000 { 5 } else { 1 })?;
        let parts = (number - 1) as f64;
        points.push(Point { size: number.to_string(), parts, each: (time - start) / parts });
    }
    tenant.must_have_refreshed(sent.get())?;
    Ok(Curve { what: "names, streamed by C".into(), points })
}

/// A tenant without a rate limit whose people are those that benches/bulk.c names, and that program.
struct Named<'a> {
    sandbox: Sandbox,
    bulk: PathBuf,
    folder: &'a Path,
}

impl<'a> Named<'a> {
    fn start(bench: &'a Bench, compiler: &Path, people: usize) -> Result<Self> {
        let bulk = native::compile(compiler, "bulk", |command| link(bench, command))?;
        let folder = bench.library.parent().ok_or("The library lies in no folder.")?;
        let tenant = folder.join("growth.csv");
        let people: String = (0..people).map(|number| name(number) + "\n").collect();
        build::write(&tenant, format!("uid\n{people}").as_bytes())?;
        let arguments = ["--csv", &tenant.to_string_lossy(), "--rate-limit", "0", "--task-time", "0"];
        Ok(Self { sandbox: Sandbox::start(&["--release"], &arguments)?, bulk, folder })
    }

    fn configuration(&self) -> Value {
        let rate_limit = json!({ "requests": 10_000, "seconds": 0.001 });
        json!({ "baseUrl": self.sandbox.url, "accessToken": "sandbox-token", "rateLimit": rate_limit })
    }

    /// The seconds that benches/bulk.c takes for a request, with so many names where it streams them.
    fn time(&self, request: &Value, names: Option<usize>) -> Result<f64> {
        let file = self.folder.join("growth.json");
        build::write(&file, request.to_string().as_bytes())?;
        let mut command = command(&self.bulk);
        command.arg(&file).args(names.map(|number| number.to_string()));
        command.env("LD_LIBRARY_PATH", self.folder).env("DYLD_LIBRARY_PATH", self.folder);
        let begin = Instant::now();
        output(&mut command).map(|_| begin.elapsed().as_secs_f64())
    }

    fn must_have_refreshed(&self, expected: u64) -> Result<()> {
        match self.sandbox.refreshed()? {
            refreshed if refreshed == expected => Ok(()),
            refreshed => Err(format!("{refreshed} refreshes of a person arrived, not {expected}.")),
        }
    }
}

/// As benches/bulk.c names them.
fn name(number: usize) -> String {
    format!("person.{number:06}")
}

fn link(bench: &Bench, command: &mut std::process::Command) {
    let folder = bench.library.parent().unwrap_or(Path::new("."));
    command.arg("-I").arg(build::root().join("include")).arg("-L").arg(folder).arg("-lpssailpointcc");
}
