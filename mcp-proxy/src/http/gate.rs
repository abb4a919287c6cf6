//! What stands between the two sides of a transport: it judges what a client says, and records both.

use std::sync::Arc;

/// One session, as a transport uses it.
pub(crate) trait Gate: Send + Sync + 'static {
    /// Judges a message of the client. `then` is called once: at once, or later on another thread if the call has to wait for somebody.
    fn client_says(self: Arc<Self>, message: Vec<u8>, then: Box<dyn FnOnce(Onward) + Send>);
    /// Records a message of the server.
    fn server_says(&self, message: &[u8]);
    /// Closes what is open: nothing more comes. May be said twice.
    fn end(&self);
}

/// What becomes of a client's message.
#[derive(Debug)]
pub(crate) enum Onward {
    /// It goes to the server, as these bytes.
    Forward(Vec<u8>),
    /// It does not; the client is told so.
    Answer(Vec<u8>),
    /// It does not, and nobody is told.
    Nothing,
}
