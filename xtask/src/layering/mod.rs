//! The direction of every dependency, held against the table in `rules`.

mod check;
mod graph;
mod rules;
mod view;

pub use check::{Breach, check_layering};
pub use graph::{Edge, Graph, Kind};
pub use rules::{HOUSE, Room, VIEWS, View};
pub use view::{check_view, closure_of_view};
