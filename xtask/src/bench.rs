//! Measurements, as ratios.

use crate::Result;

pub(crate) fn run() -> Result<()> {
    Err("not yet".to_owned())
}
