//! What a service manager gives a daemon and wants to know of it (systemd's `sd_notify(3)` and `sd_listen_fds(3)`).

mod activation;
mod notify;

pub use activation::ActivationError;

pub(crate) use activation::passed_socket;
pub(crate) use notify::Manager;
