"""The published verifier, on a copy of a database that our daemon wrote."""

import contextlib
from pathlib import Path

from obsigna import ChainVerification, canonicalize, open_store, sha256, verify_stored_chain


def payload_hash(value) -> str:
    """The published client's hash of a payload."""
    return sha256(canonicalize(value))


def verdicts(copy: Path, public_key: Path, chains: list[str]) -> dict[str, ChainVerification]:
    """Each chain's verdict. The store adds an index of its own on opening, hence a copy."""
    pem = public_key.read_text()
    with contextlib.closing(open_store(str(copy))) as store:
        return {chain: verify_stored_chain(store, chain, pem) for chain in chains}
