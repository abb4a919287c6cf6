"""What the daemon answers to an event that asked for it."""

from __future__ import annotations

from dataclasses import dataclass

from . import _library
from ._errors import REFUSED, EmitRefusedError, failed


@dataclass(frozen=True)
class Receipt:
    """A receipt that is on disk, by what names it."""

    receipt_id: str
    """Its id, a URN."""
    chain_id: str
    """The chain that it stands in."""
    sequence: int
    """Its place there, from 1."""
    receipt_hash: str
    """Its hash, ``sha256:`` and 64 hex digits."""


def concluded(code: int, ack: _library.Ack) -> Receipt:
    """The receipt; or raises why there is none."""
    if code == 0:
        return Receipt(_text(ack.receipt_id), _text(ack.chain_id), ack.sequence, _text(ack.receipt_hash))
    fault = failed(code)
    if _library.error_class(code) == REFUSED and isinstance(fault, EmitRefusedError):
        fault.refusal, fault.reason = _text(ack.refusal_code), _text(ack.refusal_message)
    raise fault


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
