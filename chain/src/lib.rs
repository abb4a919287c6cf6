//! Order: links, terminals, rotations, key lineage, and verification of whole chains as a stream.
