//! The effects of faults on a request that has been read.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::answer::{Answer, usual_text};
use crate::body::{Piece, Pieces};
use crate::fault::{Fault, FaultKind};
use crate::request::Outcome;
use crate::server::Shared;
use crate::tenant::Ask;
use crate::time::Clock;
use crate::wire::Ending;

const MEGABYTE: usize = 1024 * 1024;

/// Applies a fault to a request. `answer` is there if the request was executed; `nth` is its number on its connection.
pub(crate) async fn inflict(
    shared: &Shared,
    fault: &Fault,
    ask: &Ask,
    answer: Option<Answer>,
    http2: bool,
    nth: u64,
) -> Outcome {
    let ready = |answer: Answer| Outcome::Answer(answer.into_response());
    let executed = match answer {
        Some(answer) if fault.status.is_none() => answer,
        // Replaces the answer of the service.
        _ => with_retry_after(status(fault, ask), fault, shared.clock),
    };
    let pace = fault.delay.unwrap_or(Duration::from_millis(100));
    let long = fault.delay.unwrap_or(Duration::from_secs(1));
    let text = |otherwise: &str| fault.body.clone().unwrap_or_else(|| otherwise.to_owned());
    match fault.kind {
        FaultKind::Status => ready(with_retry_after(status(fault, ask), fault, shared.clock)),
        FaultKind::Reset
        | FaultKind::ResetUnexecuted
        | FaultKind::ResetBefore
        | FaultKind::Refused
        | FaultKind::Die => Outcome::End(Ending::Reset),
        FaultKind::Slow => {
            tokio::time::sleep(long).await;
            ready(executed)
        }
        FaultKind::SlowHeaders if !http2 => {
            shared.tenant().log.amend(ask.number, |record| record.status = Some(executed.status));
            let answer = executed.with("date", shared.clock.http_date());
            Outcome::End(Ending::Bytes(to_bytes(&answer), Some(pace)))
        }
        FaultKind::SlowHeaders => {
            tokio::time::sleep(long).await;
            ready(executed)
        }
        FaultKind::Trickle => {
            let length = executed.body.len();
            Outcome::Answer(executed.into_response_of(
                |body| {
                    let body = Bytes::from(body);
                    let byte = |at| [Piece::Bytes(body.slice(at..=at)), Piece::Pause(pace)];
                    Pieces::new((0..length).flat_map(byte).collect::<Vec<_>>())
                },
                length,
            ))
        }
        FaultKind::CutOff => {
            let length = executed.body.len() + 1_000;
            Outcome::Answer(executed.into_response_of(
                |mut body| {
                    body.truncate(body.len() / 2);
                    // The pause lets hyper send the first half before it sees the break.
                    let pause = Piece::Pause(Duration::from_millis(20));
                    Pieces::new([Piece::Bytes(body.into()), pause, Piece::Break])
                },
                length,
            ))
        }
        FaultKind::Garbage => {
            Outcome::End(Ending::Bytes(text("\u{1}\u{2}\u{3} this is no HTTP\r\n\r\n\u{0}").into_bytes(), None))
        }
        FaultKind::BadJson => {
            ready(Answer::bytes(200, "application/json", text("{\"id\": \"2c91\", \"type\": ").into_bytes()))
        }
        FaultKind::Html => {
            let page = text("<!DOCTYPE html><html><head><title>Sign in</title></head><body>Proxy</body></html>");
            ready(Answer::bytes(fault.status.unwrap_or(200), "text/html; charset=utf-8", page.into_bytes()))
        }
        FaultKind::Huge => {
            let megabyte = Bytes::from(vec![b'a'; MEGABYTE]);
            let quote = || Piece::Bytes(Bytes::from_static(b"\""));
            let filling = (0..fault.megabytes).map(|_| Piece::Bytes(megabyte.clone()));
            let pieces = Pieces::new(std::iter::once(quote()).chain(filling).chain([quote()]));
            let head = Answer::bytes(200, "application/json", Vec::new());
            Outcome::Answer(head.into_response_of(|_| pieces, fault.megabytes * MEGABYTE + 2))
        }
        FaultKind::HugeGzip => {
            let packed = gzip_of(fault.megabytes).expect("writing to memory does not fail");
            ready(Answer::bytes(200, "application/json", packed).with("content-encoding", "gzip"))
        }
        FaultKind::Redirect => {
            let location = fault.location.clone().unwrap_or_else(|| format!("{}/elsewhere", shared.tenant().url));
            ready(Answer::empty(fault.status.unwrap_or(307)).with("location", location))
        }
        FaultKind::Flood if !http2 => Outcome::End(Ending::Flood(b"HTTP/1.1 103 Early Hints\r\n\r\n")),
        FaultKind::Flood => Outcome::End(Ending::Reset),
        FaultKind::Echo => {
            let authorization = ask.header("authorization").unwrap_or_default();
            let body = String::from_utf8_lossy(&ask.body);
            ready(Answer::error(400, &format!("I was sent: {authorization}; {}; {body}", ask.query)))
        }
        FaultKind::Panic => panic!("the sandbox panics, as it was asked to"),
        FaultKind::RefusedStream if http2 => Outcome::RefusedStream,
        FaultKind::Goaway if http2 => Outcome::End(Ending::Bytes(goaway(nth), None)),
        FaultKind::RefusedStream | FaultKind::Goaway => Outcome::End(Ending::Reset),
    }
}

fn status(fault: &Fault, ask: &Ask) -> Answer {
    let status = fault.status.unwrap_or(503);
    match &fault.body {
        Some(body) if serde_json::from_str::<&serde_json::value::RawValue>(body).is_ok() => {
            Answer::bytes(status, "application/json", body.clone().into_bytes())
        }
        Some(body) => Answer::bytes(status, "text/plain", body.clone().into_bytes()),
        None if ask.route.endpoint == crate::Endpoint::Token && (status == 400 || status == 401) => {
            let body = json!({ "error": "invalid_grant", "error_description": "Bad Credentials" });
            Answer::json(status, &body)
        }
        None if status < 300 => Answer::json(status, &json!({})),
        None => Answer::error(status, usual_text(status)),
    }
}

fn with_retry_after(answer: Answer, fault: &Fault, clock: Clock) -> Answer {
    match fault.retry_after {
        None => answer,
        Some(seconds) if fault.retry_after_date => {
            let date = clock.now() + Duration::from_secs(seconds);
            answer.with("retry-after", httpdate::fmt_http_date(date))
        }
        Some(seconds) => answer.with("retry-after", seconds.to_string()),
    }
}

/// An answer as the bytes of HTTP/1.1.
fn to_bytes(answer: &Answer) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {} Slow\r\ncontent-length: {}\r\n", answer.status, answer.body.len());
    for (name, value) in &answer.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("connection: close\r\n\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(&answer.body);
    bytes
}

fn gzip_of(megabytes: usize) -> std::io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(b"\"")?;
    let megabyte = vec![b'a'; MEGABYTE];
    for _ in 0..megabytes {
        packer.write_all(&megabyte)?;
    }
    packer.write_all(b"\"")?;
    packer.finish()
}

/// A GOAWAY frame without an error whose last stream is the one before the n-th request's (RFC 9113, 6.8). Clients
/// number their streams 1, 3, 5 …
fn goaway(nth: u64) -> Vec<u8> {
    let before = u32::try_from((2 * nth - 1).saturating_sub(2)).unwrap_or(u32::MAX >> 1);
    let mut frame = vec![0, 0, 8, 7, 0, 0, 0, 0, 0];
    frame.extend_from_slice(&before.to_be_bytes());
    frame.extend_from_slice(&[0, 0, 0, 0]);
    frame
}
