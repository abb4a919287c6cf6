//! What holds of every receipt: nothing is lost in reading and writing, and nothing can be changed unseen.

mod attach;
mod identity;
mod limits;
mod mutation;
mod stamped;
mod strategies;
