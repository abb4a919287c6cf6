"""What the interoperability tests stand on: our programs, started privately, and other people's clients."""
