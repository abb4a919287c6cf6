//! What stands between the two sides of a transport: it judges what a client says, and records both.

use std::sync::Arc;

use super::outline::Id;
use crate::session::{Ended, Session};

pub(crate) use crate::session::Onward;

/// One session, as a transport uses it.
pub(crate) trait Gate: Send + Sync + 'static {
    /// Judges a message of the client. `then` is called once: at once, or later on another thread if the call has to wait for somebody.
    fn client_says(self: Arc<Self>, message: Vec<u8>, then: Box<dyn FnOnce(Onward) + Send>);
    /// Records a message of the client that the transport itself refuses.
    fn refused(&self, message: &[u8], why: &str);
    /// Records a message of the server.
    fn server_says(&self, message: &[u8]);
    /// The client that asked has hung up. A request that still waits for an approval is withdrawn; one that went on (`is_onward`) is closed:
    /// its answer would reach nobody.
    fn hung_up(&self, id: &Id, is_onward: bool);
    /// Closes what is open: nothing more comes. Only the first reason counts.
    fn end(&self, why: Ended);
}

impl Gate for Session {
    fn client_says(self: Arc<Self>, message: Vec<u8>, then: Box<dyn FnOnce(Onward) + Send>) {
        Session::client_says(&self, &message, then);
    }

    fn refused(&self, message: &[u8], why: &str) {
        self.note_refused_by_transport(message, why);
    }

    fn server_says(&self, message: &[u8]) {
        // Recorded first: what follows may take its time, and nothing is gained by the microseconds.
        Session::server_says(self, message, || {});
    }

    fn hung_up(&self, id: &Id, is_onward: bool) {
        self.client_hung_up(&id.0, is_onward);
    }

    fn end(&self, why: Ended) {
        Session::end(self, why);
    }
}
