"""What an emitter does in every language, as tests over a driver; the sentences are those of `behaviours.toml`."""
