//! What the tests share: the library as a caller sees it, and where its files are.

#![allow(dead_code, reason = "every test binary uses its own part")]

pub(crate) mod native;
pub(crate) mod proxy;
pub(crate) mod random;

use std::ffi::{CStr, CString, c_char};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use pssailpointcc::ffi;
use pssailpointcc_sandbox::{Endpoint, Sandbox};
use serde_json::{Value, json};

/// Calls a function of the ABI with JSON text and gives its envelope.
pub(crate) fn call(function: unsafe extern "C" fn(*const c_char) -> *mut c_char, text: &str) -> Value {
    let text = CString::new(text).expect("no NUL in a test's text");
    // SAFETY: NUL-terminated, and alive during the call.
    envelope(unsafe { function(text.as_ptr()) })
}

/// Takes over an answer of the ABI.
pub(crate) fn envelope(answer: *mut c_char) -> Value {
    assert!(!answer.is_null(), "no answer is NULL");
    // SAFETY: a text that the library has returned.
    let text = unsafe { CStr::from_ptr(answer) }.to_str().expect("answers are UTF-8").to_owned();
    // SAFETY: given back once.
    unsafe { ffi::cc_string_free(answer) };
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("an answer is JSON ({error}): {text}"))
}

/// `cc_refresh_identities`.
pub(crate) fn refresh(request: &Value) -> Value {
    call(ffi::cc_refresh_identities, &request.to_string())
}

/// `cc_find_identities`.
pub(crate) fn find(request: &Value) -> Value {
    call(ffi::cc_find_identities, &request.to_string())
}

/// `cc_check_filter`.
pub(crate) fn check_filter(filter: &str) -> Value {
    call(ffi::cc_check_filter, &json!({ "filter": filter }).to_string())
}

/// `cc_configure`.
pub(crate) fn configure(configuration: &Value) -> Value {
    call(ffi::cc_configure, &configuration.to_string())
}

/// `cc_operation_start` of a function with this request; freed when it is dropped.
pub(crate) struct Operation(pub(crate) u64);

impl Operation {
    pub(crate) fn start(function: &str, request: &Value) -> Self {
        let (function, text) = (CString::new(function), CString::new(request.to_string()));
        let (function, text) = (function.expect("no NUL in a name"), text.expect("no NUL in a test's text"));
        // SAFETY: both NUL-terminated, and alive during the call.
        Self(unsafe { ffi::cc_operation_start(function.as_ptr(), text.as_ptr()) })
    }

    pub(crate) fn wait(&self, timeout_ms: u32) -> Value {
        envelope(ffi::cc_operation_wait(self.0, timeout_ms))
    }

    /// The function's answer.
    pub(crate) fn result(&self) -> Value {
        let mut answer = self.wait(60_000);
        assert_eq!(answer["state"], "done", "{answer}");
        answer["result"].take()
    }

    /// `cc_operation_send`.
    pub(crate) fn send(&self, names: &Value) -> Value {
        let text = CString::new(names.to_string()).expect("no NUL in a test's text");
        // SAFETY: NUL-terminated, and alive during the call.
        envelope(unsafe { ffi::cc_operation_send(self.0, text.as_ptr()) })
    }

    /// Sends names, and pauses while the buffer is full; the batches that come meanwhile.
    pub(crate) fn feed<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<Value> {
        let names: Vec<&str> = names.into_iter().collect();
        let mut batches = Vec::new();
        for some in names.chunks(100) {
            let mut answer = self.send(&json!({ "identities": some }));
            assert_eq!(answer["ok"], true, "{answer}");
            while answer["full"] == true {
                batches.extend(self.batch(100));
                answer = self.send(&json!({ "identities": [] }));
            }
        }
        batches
    }

    /// The next finished batch.
    pub(crate) fn batch(&self, timeout_ms: u32) -> Option<Value> {
        let mut answer = self.wait(timeout_ms);
        (answer["state"] == "batch").then(|| answer["result"].take())
    }

    /// All batches that are still to come, and the result of the whole run.
    pub(crate) fn rest(&self) -> (Vec<Value>, Value) {
        let mut batches = Vec::new();
        loop {
            let mut answer = self.wait(60_000);
            match answer["state"].as_str() {
                Some("batch") => batches.push(answer["result"].take()),
                Some("done") => return (batches, answer["result"].take()),
                _ => panic!("it has not ended within a minute: {answer}"),
            }
        }
    }

    pub(crate) fn cancel(&self) -> Value {
        envelope(ffi::cc_operation_cancel(self.0))
    }

    /// Waits until it is in a phase, and gives its progress.
    pub(crate) fn until_phase(&self, phase: &str) -> Value {
        until(phase, || {
            let answer = self.wait(0);
            assert_eq!(answer["state"], "running", "before it was in the phase {phase}: {answer}");
            Some(answer["progress"].clone()).filter(|progress| progress["phase"] == phase)
        })
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        ffi::cc_operation_free(self.0);
    }
}

/// Waits until `find` has found something.
pub(crate) fn until<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    for _ in 0..6_000 {
        if let Some(found) = find() {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("waited in vain: {what}");
}

/// A configuration for the tenant at `url` that looks nowhere else, with the sandbox's first client.
pub(crate) fn configuration(url: &str) -> Value {
    json!({
        "baseUrl": url,
        "clientId": "sandbox-client",
        "clientSecret": "sandbox-secret",
        "retryIntervalSeconds": 0.01,
        "rateLimit": no_rate_limit(),
        "lookup": nowhere(),
    })
}

/// A `rateLimit` that nothing comes near.
pub(crate) fn no_rate_limit() -> Value {
    json!({ "requests": 10_000, "seconds": 0.1 })
}

/// A `lookup` that finds nothing.
pub(crate) fn nowhere() -> Value {
    json!({ "environment": {}, "directory": "/nonexistent", "home": "/nonexistent" })
}

/// `whole` with the members of `part` in place of its own.
pub(crate) fn with(mut whole: Value, part: &Value) -> Value {
    for (name, value) in part.as_object().expect("an object") {
        whole[name] = value.clone();
    }
    whole
}

/// A request with the members of `part` in its configuration.
pub(crate) fn configured(request: Value, part: &Value) -> Value {
    let configuration = with(request["configuration"].clone(), part);
    with(request, &json!({ "configuration": configuration }))
}

/// How many requests have come to an endpoint.
pub(crate) fn arrived(sandbox: &Sandbox, endpoint: Endpoint) -> usize {
    sandbox.arrivals(endpoint).len()
}

/// The error of a refresh that is refused with this code, and of which nothing was sent.
pub(crate) fn refused(sandbox: &Sandbox, request: &Value, code: &str) -> Value {
    let before = sandbox.refreshes().len();
    let answer = refresh(request);
    assert_eq!(answer["error"]["code"], code, "{request}\n{answer:#}");
    assert_eq!((&answer["error"]["sent"], sandbox.refreshes().len()), (&json!("no"), before), "{answer}");
    answer["error"].clone()
}

/// An error, or the answer that it is in, says this to people.
pub(crate) fn says(answer: &Value, part: &str) {
    let error = answer.get("error").unwrap_or(answer);
    let text = |member: &str| error[member].as_str().unwrap_or_default();
    let said = format!("{} {}", text("message"), text("hint"));
    assert!(said.contains(part), "not said: {part}\n{said}");
}

/// The package's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the repository.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The shared library, built now: what lies in target/debug after `cargo test` may be an older one.
/// `PSSAILPOINTCC_LIBRARY` overrides it.
pub(crate) fn library() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| match std::env::var_os("PSSAILPOINTCC_LIBRARY") {
            Some(path) => PathBuf::from(path),
            None => artifact("pssailpointcc", |path| {
                matches!(path.extension().and_then(|e| e.to_str()), Some("so" | "dylib" | "dll"))
            }),
        })
        .clone()
}

/// The sandbox's program, built now.
pub(crate) fn sandbox_program() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| artifact("pssailpointcc-sandbox", |path| path.extension().is_none_or(|e| e == "exe"))).clone()
}

/// Builds the library and the sandbox, and gives the file of `package` that cargo reports and `wanted` picks. Both at once,
/// because each alone needs other features of the same crates than the tests, which would be built once more.
fn artifact(package: &str, wanted: impl Fn(&Path) -> bool) -> PathBuf {
    let mut command = Command::new(env!("CARGO"));
    // What cargo has told of the test: ring's build script depends on these names, and would build it, and all that
    // stands on it, anew at each change between a cargo started here and one started by hand.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text == "OUT_DIR" || text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    let output = command
        .args(["build", "--quiet", "--message-format=json", "--lib", "--bins"])
        .args(["--package", "pssailpointcc", "--package", "pssailpointcc-sandbox"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8_lossy(&output.stdout);
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut files = messages.filter(|message| message["target"]["name"] == package).flat_map(|message| {
        let files = message["filenames"].as_array().cloned().unwrap_or_default();
        files.into_iter().chain([message["executable"].clone()])
    });
    files.find_map(|file| file.as_str().map(PathBuf::from).filter(|path| wanted(path))).expect("cargo reports the file")
}

/// A program's path on the PATH, or what the variable names.
pub(crate) fn find_program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(variable) {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH")?;
    names.iter().find_map(|name| {
        std::env::split_paths(&path)
            .map(|folder| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
            .find(|file| file.is_file())
    })
}
