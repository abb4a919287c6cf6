"""The keywords of one event, for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Required, TypedDict

    class Event(TypedDict, total=False):
        """What :meth:`DaemonEmitter.emit` takes; the first three are required."""

        channel: Required[str]
        tool_name: Required[str]
        decision: Required[str]
        tool_server: str
        action_type: str
        target_system: str
        target_resource: str
        input: bytes | str | None
        output: bytes | str | None
        error: str
        issuer_name: str
        issuer_model: str
        operator_id: str
        operator_name: str
        idempotency_key: str
        correlation_id: str
        agent_id: str
        agent_type: str
        model: str
        usage: bytes | str | None
        capture_method: str
