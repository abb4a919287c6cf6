//! Frames, events, peer credentials, the listener, and the blocking emitter client.
