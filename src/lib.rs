//! lib
pub mod filter;
