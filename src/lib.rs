//! SailPoint's `refreshIdentities` behind a small C ABI: JSON in, JSON out.
//!
//! The modules stand on floors. A module imports only from the floors below its own; `tests/floors.rs` holds the
//! imports against this table.
//!
//! | floor | modules | what belongs there |
//! | --- | --- | --- |
//! | 1 | `ffi` | the C ABI: pointers in, pointers out, and all `unsafe` |
//! | 2 | `operation` | calls in the background: by number, fed, followed, cancelled |
//! | 3 | `refresh` | the main job: which backend, its checks, the run that sends, the journal |
//! | 4 | `find` `check` `task` | the other jobs: whom a filter means, what it says, how a task gets on |
//! | 5 | `targets` | who is meant: by name, by filter; search, judge, count |
//! | 6 | `service` | the service's endpoints as typed calls; tokens |
//! | 7 | `http` | the only asynchronous code: client, retries, rate limit, the one-shot body, what a status means |
//! | 8 | `request` | a request's JSON text becomes typed values |
//! | 9 | `config` `filter` | the configuration and its sources; the filter language |
//! | 10 | `envelope` | the JSON text that leaves |
//! | 11 | `report` | what became of everybody who was named |
//! | 12 | `control` `json` | cancel and progress of a call; reading JSON member by member |
//! | 13 | `error` | what went wrong, for whoever reads it |
//! | 14 | `response` | what a server answered |
//! | 15 | `secret` `text` `wording` `host` `cache` | secrets; texts for messages, and the names in them; panics, threads and signals; a bounded cache |
//!
//! The ABI's manual is `include/pssailpointcc.h`, which is made from `ffi` and `manual.txt`.

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
