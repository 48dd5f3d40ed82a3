//! A sandbox tenant in its own process, as users start it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::{Result, build};

/// A running sandbox; dropping it ends it.
pub(crate) struct Sandbox {
    process: Child,
    pub(crate) url: String,
    /// With `--https`: the certificates to trust.
    pub(crate) ca_file: Option<PathBuf>,
}

impl Sandbox {
    /// Builds and starts the sandbox, and waits until it listens.
    pub(crate) fn start(profile: &[&str], arguments: &[&str]) -> Result<Self> {
        let mut build_arguments = vec!["build", "--package", "pssailpointcc-sandbox", "--bins"];
        build_arguments.extend(profile);
        let program = build::cargo(&build_arguments, "pssailpointcc-sandbox", build::is_program)?;
        Self::start_program(&program, arguments)
    }

    /// Starts a sandbox that was built.
    pub(crate) fn start_program(program: &Path, arguments: &[&str]) -> Result<Self> {
        let mut process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("The sandbox could not be started: {error}"))?;
        let output = process.stdout.take().ok_or("The sandbox has no output.")?;
        let mut lines = BufReader::new(output).lines().map_while(std::result::Result::ok);
        let first = lines.next().unwrap_or_default();
        let Some(url) = first.strip_prefix("listening on ").map(str::to_owned) else {
            return Err(format!("The sandbox did not say where it listens, but: {first}"));
        };
        const CA_FILE: &str = "certificate authority ";
        let ca_file = match arguments.contains(&"--https") {
            true => lines.find_map(|line| line.strip_prefix(CA_FILE).map(PathBuf::from)),
            false => None,
        };
        // Read the rest of the output, so that the pipe does not fill up.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { process, url, ca_file })
    }

    /// The requests that have arrived.
    pub(crate) fn log(&self) -> Result<Vec<Value>> {
        match self.get("/sandbox/log")? {
            Value::Array(log) => Ok(log),
            other => Err(format!("The sandbox's log is no list: {other}")),
        }
    }

    /// How many times people were refreshed since the log was cleared.
    pub(crate) fn refreshed(&self) -> Result<u64> {
        let counts = self.get("/sandbox/refreshes")?;
        Ok(counts.as_object().into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum())
    }

    fn get(&self, path: &str) -> Result<Value> {
        let text = self.request("GET", path).map_err(|error| format!("The sandbox did not give {path}: {error}"))?;
        serde_json::from_str(&text).map_err(|error| format!("The sandbox's {path} is no JSON: {error}"))
    }

    /// Clears the log.
    pub(crate) fn clear_log(&self) -> Result<()> {
        self.request("DELETE", "/sandbox/log")
            .map(drop)
            .map_err(|error| format!("The sandbox did not clear its log: {error}"))
    }

    /// One exchange with its control. Without an HTTP client, which would double the time to build this program.
    fn request(&self, method: &str, path: &str) -> std::io::Result<String> {
        let address = self.url.trim_start_matches("http://");
        let mut connection = TcpStream::connect(address)?;
        write!(connection, "{method} {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.split(' ').nth(1).is_some_and(|status| status.starts_with('2')) => {
                Ok(body.to_owned())
            }
            _ => Err(std::io::Error::other(answer)),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
