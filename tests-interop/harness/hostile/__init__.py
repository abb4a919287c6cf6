"""Sessions of a client that wants a call to be made unseen."""
