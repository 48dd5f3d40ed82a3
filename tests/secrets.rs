//! No answer shows a secret, whatever a server repeats, wherever, and in whatever form.

mod support;

use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use pssailpointcc::ffi;
use serde_json::{Value, json};
use support::Operation;

const TOKEN: &str = "tok3n+with/signs=&\"quotes\"-0123456789";
const CLIENT_SECRET: &str = "cl1ent-s3cret/with+signs&";
const PASSWORD: &str = "pa55word~of~basic";
const COOKIE: &str = "c00kie-0123456789abcdef";

/// What no answer may hold: a part of each secret that survives every plain encoding, and the base64 of each.
fn forbidden() -> Vec<String> {
    let mut forbidden: Vec<String> = ["tok3n", "cl1ent", "s3cret", "pa55word", "c00kie-0123"].map(str::to_owned).into();
    for secret in [TOKEN, CLIENT_SECRET, PASSWORD, COOKIE] {
        for offset in 0..3 {
            let text = base64(&[&b"xyz"[..offset], secret.as_bytes()].concat());
            // From the first character that the secret alone decides.
            forbidden.push(text[4..14].to_owned());
            forbidden.push(text[4..14].replace('+', "-").replace('/', "_"));
        }
        forbidden.extend([hex(secret)[..10].to_owned(), hex(secret)[..10].to_ascii_uppercase()]);
    }
    forbidden
}

fn base64(bytes: &[u8]) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - three.len()));
        (0..=three.len()).map(|at| char::from(alphabet[bits >> (18 - 6 * at) & 63])).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn percent(text: &str, upper: bool) -> String {
    text.bytes().fold(String::new(), |mut written, byte| {
        let _ = match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'~' => write!(written, "{}", char::from(byte)),
            _ if upper => write!(written, "%{byte:02X}"),
            _ => write!(written, "%{byte:02x}"),
        };
        written
    })
}

/// The forms in which servers write a text, as the content of a JSON string.
fn forms(text: &str) -> Vec<String> {
    let json = |text: &str| serde_json::to_string(text).expect("text").trim_matches('"').to_owned();
    let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
    let html = text.replace('&', "&amp;").replace('"', "&quot;").replace('+', "&#43;").replace('/', "&#x2F;");
    vec![
        json(text),
        escaped,
        json(text).replace('/', "\\/"),
        json(&json(text)),
        percent(text, true),
        percent(text, false),
        text.encode_utf16().map(|unit| format!("%u{unit:04x}")).collect(),
        hex(text),
        hex(text).to_ascii_uppercase(),
        html,
        base64(text.as_bytes()),
        base64(format!("x{text}").as_bytes()).replace('+', "-").replace('/', "_"),
        base64(format!("client:{text}").as_bytes()),
    ]
}

/// A server that writes `echo` in every place of every answer.
struct Echo {
    url: String,
}

impl Echo {
    /// `status`: of the answers to refreshes. `is_tame`: only what every JSON reader reads.
    fn start(echo: &str, status: u16, is_tame: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let echo: Arc<str> = echo.into();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let echo = Arc::clone(&echo);
                std::thread::spawn(move || serve(stream, &echo, status, is_tame));
            }
        });
        Self { url }
    }
}

fn serve(stream: TcpStream, echo: &str, status: u16, is_tame: bool) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if header.trim().is_empty() {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    let (status, body) = answer(&path, echo, status, is_tame);
    // Header values cannot hold every form.
    let shown: String = echo.chars().filter(|c| c.is_ascii_graphic()).collect();
    let is_of_names = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let name = if shown.chars().all(is_of_names) { shown.as_str() } else { "Other" };
    let head = format!(
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nX-Total-Count: 1\r\nX-{name}: 1\r\n\
         X-Echo: {shown}\r\nLocation: http://elsewhere.example/{shown}\r\nSet-Cookie: a={shown}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()
}

fn answer(path: &str, echo: &str, status: u16, is_tame: bool) -> (u16, String) {
    // 300 characters and more, so that it is cut where a secret stands.
    let long = format!("{}{echo}", "x".repeat(285));
    let everything = format!(
        r#"{{"{echo}":"{echo}","a{echo}":[1e999,"\ud800 {echo}",{{"b":"{echo}","b":"{echo}"}}],"deep":{}"{echo}"{},
            "trackingId":"{echo}","messages":[{{"text":"{long}"}}],"detailCode":"{echo}"}}"#,
        "[".repeat(129),
        "]".repeat(129)
    );
    let everything = match is_tame {
        true => format!(r#"{{"{echo}":"{echo}","trackingId":"{echo}","messages":[{{"text":"{long}"}}]}}"#),
        false => everything,
    };
    let person = |name: &str| {
        format!(
            r#"{{"id":"2c91{name}","name":"{name}","displayName":"{echo}","email":"{echo}","attributes":{{"uid":"{name}","displayName":"{echo}"}}}}"#
        )
    };
    match path.split('?').next().unwrap_or_default() {
        "/oauth/token" if status != 401 => (200, json!({ "access_token": TOKEN, "expires_in": 700 }).to_string()),
        "/oauth/token" => (status, everything),
        path if path.contains("search") => (200, format!("[{},{}]", person("amelie.roux"), person("twin"))),
        path if path.contains("task-status") => (
            200,
            format!(
                r#"{{"id":"{echo}","type":"{echo}","uniqueName":"{echo}","description":"{echo}","completionStatus":"ERROR {echo}",
                    "messages":[{{"localizedText":{{"message":"{echo}"}}}},{{"key":"{long}"}}],"launched":"{echo}","{echo}":1}}"#
            ),
        ),
        path if path.contains("process") && status < 300 => {
            (202, format!(r#"{{"type":"{echo}","id":"t-{echo}","name":"{echo}"}}"#))
        }
        path if path.contains("identities") && status < 300 && !path.contains("process") => (
            200,
            format!(r#"[{{"id":"2c91amelie.roux","processingState":"ERROR","lastRefresh":"{echo}","name":"{echo}"}}]"#),
        ),
        _ => (status, everything),
    }
}

/// Every call of every function on a server, with these credentials.
fn answers(url: &str, credentials: &Value) -> Vec<String> {
    let mut configuration = credentials.clone();
    for (name, value) in [("baseUrl", json!(url)), ("lookup", json!({})), ("maximumRetryCount", json!(0))] {
        configuration[name] = value;
    }
    let filter = r#"uid == "amelie.roux""#;
    let waits = json!({ "wait": true, "waitTimeoutSec": 1, "pollIntervalMs": 20, "preflight": false });
    let requests = [
        (ffi::cc_find_identities as unsafe extern "C" fn(_) -> _, json!({ "filter": filter })),
        (ffi::cc_find_identities as _, json!({ "filter": r#"displayName == "nobody""# })),
        (ffi::cc_get_task as _, json!({ "id": "1", "ids": ["2c91amelie.roux"] })),
        (ffi::cc_get_task as _, json!({ "id": "1", "wait": true, "pollIntervalMs": 20, "ids": ["2c91amelie.roux"] })),
        (ffi::cc_refresh_identities as _, json!({ "filter": filter, "options": { "preflight": false } })),
        (ffi::cc_refresh_identities as _, json!({ "filter": filter })),
        (ffi::cc_refresh_identities as _, json!({ "filter": r#"uid == "nobody""# })),
        (ffi::cc_refresh_identities as _, json!({ "filter": filter, "options": { "dryRun": true } })),
        (
            ffi::cc_refresh_identities as _,
            json!({ "filter": filter, "options": { "backend": "process", "wait": true } }),
        ),
        (ffi::cc_refresh_identities as _, json!({ "identities": ["amelie.roux", "nobody"], "options": waits })),
        (ffi::cc_refresh_identities as _, json!({ "identities": ["amelie.roux"], "identityAttribute": "displayName" })),
    ];
    let mut answers = Vec::new();
    for (function, mut request) in requests {
        request["configuration"] = configuration.clone();
        let text = CString::new(request.to_string()).expect("no NUL");
        // SAFETY: NUL-terminated, and alive during the call.
        answers.push(taken(unsafe { function(text.as_ptr()) }));
    }
    let mut stream = json!({ "stream": true, "options": waits, "configuration": configuration });
    stream["options"].as_object_mut().expect("an object").remove("preflight");
    let operation = Operation::start("cc_refresh_identities", &stream);
    operation.send(&json!({ "identities": ["amelie.roux", "nobody"], "end": true }));
    loop {
        let answer = taken(ffi::cc_operation_wait(operation.0, 60_000));
        let is_done = answer.contains(r#""state":"done""#);
        answers.push(answer);
        if is_done {
            return answers;
        }
    }
}

/// The text of an answer, which is not read: not every reader takes what a server can write.
fn taken(answer: *mut c_char) -> String {
    // SAFETY: a text that the library has returned, given back once.
    unsafe {
        let text = CStr::from_ptr(answer).to_str().expect("UTF-8").to_owned();
        ffi::cc_string_free(answer);
        text
    }
}

/// The text, and what it becomes when one encoding after the other is taken away.
fn decoded(text: &str) -> Vec<String> {
    let mut stages = vec![text.to_lowercase()];
    for _ in 0..3 {
        let mut text = stages.last().expect("one").replace("\\\\", "\\").replace("&amp;", "&");
        for (before, digits, after) in [("\\u00", 2, ""), ("%", 2, ""), ("&#x", 2, ";"), ("\\", 0, "")] {
            let mut parts = text.split(before);
            let mut written = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                match part.get(..digits).and_then(|hex| Some((u8::from_str_radix(hex, 16).ok()?, &part[digits..]))) {
                    Some((byte, rest)) => {
                        written.push(char::from(byte));
                        written.push_str(rest.strip_prefix(after).unwrap_or(rest));
                    }
                    None => written.push_str(part),
                }
            }
            text = written.replace("&#43;", "+");
        }
        stages.push(text.to_lowercase());
    }
    stages
}

fn check(answers: &[String], forbidden: &[String], echo: &str) {
    for answer in answers {
        for stage in decoded(answer) {
            for part in forbidden {
                assert!(!stage.contains(&part.to_lowercase()), "{part} of {echo}\n{answer}");
            }
        }
    }
}

#[test]
fn no_answer_of_any_function_shows_a_secret_in_any_form() {
    let forbidden = forbidden();
    let header = json!({ "defaultHeaders": { "Authorization": format!("Basic {}", base64(format!("user:{PASSWORD}").as_bytes())),
                                            "Cookie": format!("a=b; session={COOKIE}") } });
    let given: [(Value, &[&str]); 3] = [
        (json!({ "accessToken": TOKEN }), &[TOKEN]),
        (json!({ "clientId": "client", "clientSecret": CLIENT_SECRET }), &[TOKEN, CLIENT_SECRET]),
        (header, &[PASSWORD, COOKIE]),
    ];
    for (credentials, secrets) in given {
        let echoes = secrets.iter().flat_map(|secret| forms(secret).into_iter().map(move |echo| (secret, echo)));
        for (at, (secret, echo)) in echoes.enumerate() {
            // A token that a server refuses is none.
            let refusals = if *secret == TOKEN { [400, 302, 403, 404] } else { [401, 429, 500, 503] };
            for status in [200, refusals[at % 4]] {
                check(&answers(&Echo::start(&echo, status, false).url, &credentials), &forbidden, &echo);
            }
        }
    }
}

/// The names of members that hold texts of the library or of the caller alone.
const OWN: &[&str] = &[
    "state",
    "backend",
    "baseUrl",
    "outcome",
    "call",
    "reason",
    "code",
    "sent",
    "identityAttribute",
    "method",
    "url",
    "canonical",
    "filter",
    "phase",
    "kind",
    "identity",
];

/// Adds the names of members with a text in them: all, and those whose text was masked.
fn names(value: &Value, name: &str, all: &mut BTreeSet<String>, masked: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            all.insert(name.to_owned());
            if text.contains("***") {
                masked.insert(name.to_owned());
            }
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, name, all, masked)),
        Value::Object(members) => members.iter().for_each(|(name, value)| names(value, name, all, masked)),
        _ => {}
    }
}

#[test]
fn every_member_with_a_text_has_passed_the_door() {
    let (mut all, mut masked) = (BTreeSet::new(), BTreeSet::new());
    for status in [200, 500] {
        let echo = Echo::start(&percent(TOKEN, true), status, true);
        for answer in answers(&echo.url, &json!({ "accessToken": TOKEN })) {
            let answer: Value = serde_json::from_str(&answer).expect("JSON");
            names(&answer, "", &mut all, &mut masked);
        }
    }
    let of_the_library = |name: &&String| OWN.contains(&name.as_str());
    let not_masked: Vec<&String> = all.difference(&masked).filter(|name| !of_the_library(name)).collect();
    // What the fixed parts of the server's answers hold, and names as the caller gave them.
    let expected = [
        "***",
        "body",
        "connection",
        "content-length",
        "content-type",
        "displayName",
        "id",
        "identities",
        "ids",
        "name",
        "set-cookie",
        "uid",
        "unmatched",
        "warnings",
        "x-total-count",
    ];
    let unexpected: Vec<_> = not_masked.iter().filter(|name| !expected.contains(&name.as_str())).collect();
    assert!(unexpected.is_empty(), "a new member? Does a server's text reach it? {unexpected:?}");
    for name in ["message", "hint", "messages", "completionStatus", "displayName", "id", "location", "trackingId"] {
        assert!(masked.contains(name), "{name} was to be masked: {masked:?}");
    }
}

#[test]
fn an_answer_without_a_secret_comes_as_it_was_and_a_short_secret_blots_nothing_out() {
    let body = r#"{ "a" : [1e999, "\ud800\/é", {"b":1,"b":2}], "abc":"abc" }"#;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream: TcpStream = stream;
            let mut bytes = [0; 4096];
            let _ = stream.read(&mut bytes);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
            let _ = stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        }
    });
    for token in ["abc", "e", "s3cret-of-this-call"] {
        let request = json!({ "filter": "uid == \"a\"", "options": { "preflight": false },
                              "configuration": { "baseUrl": url, "accessToken": token, "lookup": {} } });
        let text = CString::new(request.to_string()).expect("no NUL");
        // SAFETY: NUL-terminated, and alive during the call.
        let answer = taken(unsafe { ffi::cc_refresh_identities(text.as_ptr()) });
        assert!(answer.contains(body), "{token}: {answer}");
    }
}
