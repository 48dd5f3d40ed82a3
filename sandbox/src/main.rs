//! The sandbox tenant as a program: `pssailpointcc-sandbox --help`.

#![deny(unsafe_code)]

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use lexopt::prelude::*;
use pssailpointcc_sandbox::{ACCESS_TOKEN, Builder, Client, Sandbox};

#[allow(unsafe_code, reason = "Windows tells of a parent by its C interface only")]
mod parent;

use parent::Parent;

const HELP: &str = "\
A sandbox tenant of SailPoint's Identity Security Cloud on this machine, with its hazards.

Usage: pssailpointcc-sandbox [options]

  --port N           the port on 127.0.0.1 (default: any free port)
  --people N         the number of generated people, always the same ones (default: 100)
  --csv FILE         people from a file: columns name, uid, displayName, email, firstName, lastName,
                     department …; an unknown column becomes an identity attribute
  --client ID:SECRET adds a client (ORG_ADMIN, all scopes); may be given several times
  --rate-limit N     requests of one client in 10 s (default: 100; 0: no limit)
  --expires-in N     how long tokens last, in seconds (default: 749)
  --not-searchable A an identity attribute that /cc filters cannot use (default: costCenter);
                     may be given several times
  --retired STATUS   /cc has been shut down: 404, 405, 410 or 401
  --keep-alive MS    closes connections idle for this long (default: 60000; 0: after each answer)
  --search-lag MS    the time until search sees a change (default: 0)
  --task-time MS     how long tasks take (default: 500)
  --clock-offset S   sets its clock ahead by S seconds, or behind if S is negative (default: 0)
  --https            uses https, with its own certificate authority, whose file it prints
  --http2            offers HTTP/2 as well (with --https)
  --stay             keeps running when its parent exits
  --help             prints this help
  --version          prints the version

The first line on stdout is `listening on http://127.0.0.1:PORT`; later each refresh prints a line:
who was refreshed, or EVERYBODY and why. It exits when its parent exits.

Credentials: sandbox-client / sandbox-secret (ORG_ADMIN), helpdesk-client / helpdesk-secret,
noscope-client / noscope-secret, application-client / application-secret; the access token
sandbox-token is always valid.

Control over HTTP:
  GET, DELETE        /sandbox/log
  GET                /sandbox/refreshes      {\"smith\":1}: refreshes by user name since the log was cleared
  GET                /sandbox/arrivals       {\"search\":2,\"token\":1}: requests by endpoint
  GET, POST, DELETE  /sandbox/faults         {\"on\":\"refresh\",\"kind\":\"reset\",\"times\":1}
  GET, POST          /sandbox/settings       {\"rateLimit\":100,\"expiresIn\":749,\"retired\":404}
  GET, POST          /sandbox/identities     and DELETE /sandbox/identities/ID
  POST               /sandbox/tasks          {\"status\":\"WARNING\",\"messages\":[\"...\"],\"failed\":[\"smith\"]}
  POST               /sandbox/expire-tokens
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pssailpointcc-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    // First of all: the exit of a parent is not noticed if it exits before it is known.
    let parent = Parent::now();
    let Some(arguments) = arguments()? else { return Ok(()) };
    let sandbox = arguments.builder.on_refresh(|refresh, people| say(&refresh.to_line(people))).try_start()?;
    say(&format!("listening on {}", sandbox.url()));
    say(&format!("client sandbox-client, secret sandbox-secret; or the access token {ACCESS_TOKEN}"));
    if arguments.https {
        say(&format!("certificate authority {}", sandbox.ca_file().display()));
    }
    loop {
        std::thread::sleep(Duration::from_millis(200));
        if let Some(text) = sandbox.take_panic() {
            return Err(format!("panicked: {text}").into());
        }
        if sandbox.has_died() {
            return Err("died, as it was asked to".into());
        }
        if !arguments.stay && parent.is_gone() {
            return Ok(());
        }
    }
}

/// Prints a line without buffering. It does not matter whether somebody reads it.
fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

struct Arguments {
    builder: Builder,
    https: bool,
    stay: bool,
}

/// The arguments; `None` if they only asked for help or the version.
fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    let mut builder = Sandbox::builder().rate_limit(100);
    let (mut https, mut http2, mut stay, mut not_searchable) = (false, false, false, Vec::new());
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        builder = match argument {
            Short('h') | Long("help") => {
                say(HELP.trim_end());
                return Ok(None);
            }
            Short('V') | Long("version") => {
                say(concat!("pssailpointcc-sandbox ", env!("CARGO_PKG_VERSION")));
                return Ok(None);
            }
            Long("port") => builder.port(parser.value()?.parse()?),
            Long("people") => builder.people(parser.value()?.parse()?),
            Long("csv") => builder.csv(parser.value()?),
            Long("client") => {
                let pair = parser.value()?.string()?;
                let (id, secret) = pair.split_once(':').ok_or("--client is ID:SECRET")?;
                builder.client(Client::new(id, secret))
            }
            Long("rate-limit") => builder.rate_limit(parser.value()?.parse()?),
            Long("expires-in") => builder.token_lifetime(Duration::from_secs(parser.value()?.parse()?)),
            Long("not-searchable") => {
                not_searchable.push(parser.value()?.string()?);
                builder
            }
            Long("retired") => match parser.value()?.parse()? {
                status @ (404 | 405 | 410 | 401) => builder.retired(status),
                _ => return Err("--retired is 404, 405, 410 or 401".into()),
            },
            Long("keep-alive") => builder.keep_alive(Duration::from_millis(parser.value()?.parse()?)),
            Long("search-lag") => builder.search_lag(Duration::from_millis(parser.value()?.parse()?)),
            Long("task-time") => builder.task_duration(Duration::from_millis(parser.value()?.parse()?)),
            Long("clock-offset") => builder.clock_offset(parser.value()?.parse()?),
            Long("https") => {
                https = true;
                builder.https()
            }
            Long("http2") => {
                http2 = true;
                builder.http2()
            }
            Long("stay") => {
                stay = true;
                builder
            }
            _ => return Err(argument.unexpected()),
        };
    }
    if http2 && !https {
        return Err("--http2 needs --https".into());
    }
    if !not_searchable.is_empty() {
        builder = builder.not_searchable(&not_searchable.iter().map(String::as_str).collect::<Vec<_>>());
    }
    Ok(Some(Arguments { builder, https, stay }))
}
