//! SailPoint's `refreshIdentities` behind a small C ABI: JSON in, JSON out.
//!
//! Each module is on a floor, and imports only from lower floors. `tests/floors.rs` checks the imports against this
//! table.
//!
//! | floor | modules | what belongs there |
//! | --- | --- | --- |
//! | 1 | `ffi` | the C ABI: pointers in, pointers out, and all `unsafe` |
//! | 2 | `operation` | background operations: started, streamed to, waited for, cancelled by number |
//! | 3 | `refresh` | the main job: backend, checks, the run that sends, the journal |
//! | 4 | `find` `check` `task` | the other jobs: find a filter's matches, check a filter, follow a task |
//! | 5 | `targets` | whom a name or a filter means: search, evaluate, count |
//! | 6 | `service` | the service's endpoints as typed functions; tokens |
//! | 7 | `http` | the only asynchronous code: client, retries, rate limit, the one-shot body |
//! | 8 | `request` | parses a request's JSON text |
//! | 9 | `config` `filter` | the configuration and its sources; the filter language |
//! | 10 | `envelope` | writes an answer's JSON text |
//! | 11 | `report` | the outcome for each person |
//! | 12 | `control` `json` | cancel and progress of a call; reads JSON objects, and writes JSON |
//! | 13 | `error` | the error type |
//! | 14 | `hint` `response` | what to do next; a server's answer, and what its status means |
//! | 15 | `secret` `text` `wording` `host` `cache` | secrets; text for messages, and its placeholders; panics, threads and signals; a bounded cache |
//!
//! The manual of the ABI is `include/pssailpointcc.h`, generated from `ffi` and `manual.txt`.

#![deny(unsafe_code)]

#[cfg(panic = "abort")]
compile_error!("panic = \"abort\" would end the host process where a call should answer \"internal\"; keep unwinding.");

mod cache;
mod check;
mod config;
mod control;
mod envelope;
mod error;
#[allow(unsafe_code, reason = "the boundary: everything unsafe is in this one file")]
pub mod ffi;
pub mod filter;
mod find;
mod hint;
mod host;
mod http;
mod json;
mod operation;
mod refresh;
mod report;
mod request;
mod response;
mod secret;
mod service;
mod targets;
mod task;
mod text;
mod wording;
