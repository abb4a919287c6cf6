//! What a receipt is: types, canonical bytes, hash, sign and verify one receipt. No I/O.
