//! A sandbox tenant: SailPoint's `refreshIdentities` and its neighbours on loopback, hazards included.
//!
//! ```
//! use pssailpointcc_sandbox::{Endpoint, Fault, FaultKind, Sandbox};
//!
//! let sandbox = Sandbox::builder().people(1_000).start();
//! sandbox.fault(Fault::on(Endpoint::Refresh).kind(FaultKind::Reset));
//! // … let the program under test refresh someone at sandbox.url() …
//! assert_eq!(sandbox.refreshes(), []);
//! ```
//!
//! It runs on threads of its own, listens on 127.0.0.1 only, and stops when it is dropped. A panic inside it fails
//! the test that used it. README.md beside this crate is its manual: what it answers, every fault, and the control
//! over HTTP that C and PowerShell tests use.

mod answer;
mod auth;
mod body;
mod builder;
mod certainty;
mod collection;
mod connection;
mod control;
mod document;
mod fault;
mod filter;
mod identities;
mod index;
mod inflict;
mod judge;
mod log;
mod multipart;
pub mod people;
mod population;
mod process;
mod query;
mod record;
mod refresh;
mod request;
mod route;
mod sandbox;
mod search;
mod server;
mod tasks;
mod tenant;
mod time;
mod tls;
mod wire;

pub use auth::{ACCESS_TOKEN, Client};
pub use builder::Builder;
pub use fault::{Fault, FaultKind};
pub use judge::Judge;
pub use log::{Arrival, Refresh, Scope};
pub use people::{Attributes, HAND_WRITTEN, Identity};
pub use route::Endpoint;
pub use sandbox::Sandbox;
pub use tasks::TaskEnd;
