//! All measurements against the goals.

mod bar;
mod figures;
mod judge;
mod measure;
mod scale;

pub(crate) use bar::Bar;
pub use figures::Figures;
pub(crate) use judge::judge;
pub use measure::measure_all;
pub use scale::Scale;
