//! SailPoint's `refreshIdentities` behind a small C ABI: JSON in, JSON out.
//!
//! ```text
//! ffi ─► refresh, find, check, task (the use cases) ─► service (typed calls) ─► service::transport (HTTP)
//!  │      ├─ request, config, filter: text becomes typed values at once
//!  │      └─ refresh ─► backend: which way ─┬─► cc ─► preflight ─► suitable: what is made sure of before a filter is sent
//!  │                                        └─► process ─► successor, whom, people: as ids, of those who are meant
//!  │                    both ─► candidates, tally: whom search finds, judged
//!  │                         └─► delivery, account: the calls, and what became of everybody
//!  └─ operation ─► the same in the background; control: what goes with each call
//! ```
//!
//! Nothing below [`ffi`] knows of raw pointers; nothing above `service` knows of HTTP. The ABI's manual is
//! `include/pssailpointcc.h`, which is made from [`ffi`].

#![deny(unsafe_code)]

#[cfg(panic = "abort")]
compile_error!("panic = \"abort\" would end the host process where a call should answer \"internal\"; keep unwinding.");

mod account;
mod aftermath;
mod arguments;
mod backend;
mod candidates;
mod cc;
mod cc_by_name;
mod check;
mod config;
mod control;
mod delivery;
mod envelope;
mod error;
#[allow(unsafe_code, reason = "the boundary: everything unsafe is in this one file")]
pub mod ffi;
pub mod filter;
mod find;
mod members;
mod operation;
mod people;
mod preflight;
mod process;
mod refresh;
mod request;
mod service;
mod successor;
mod suitable;
mod tally;
mod task;
mod whom;
