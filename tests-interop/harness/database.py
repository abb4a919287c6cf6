"""A finished database, read as anyone with SQLite reads it."""

import json
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One stored receipt: the columns that these tests look at, its text as stored, and its text read."""

    rowid: int
    id: str
    chain_id: str
    sequence: int
    receipt_hash: str
    text: str

    @property
    def receipt(self) -> dict:
        return json.loads(self.text)

    @property
    def subject(self) -> dict:
        return self.receipt["credentialSubject"]

    @property
    def action(self) -> dict:
        return self.subject["action"]

    @property
    def pid(self) -> int | None:
        """The process that sent the event; none for what the daemon says of its own accord."""
        return self.action.get("peer_credential", {}).get("pid")

    @property
    def correlation(self) -> str | None:
        return self.subject.get("correlation_id")


def rows(database: Path) -> list[Row]:
    """Every receipt, by chain and sequence."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        found = connection.execute(
            "SELECT rowid, id, chain_id, sequence, receipt_hash, receipt_json FROM receipts ORDER BY chain_id, sequence"
        ).fetchall()
    finally:
        connection.close()
    return [Row(*columns) for columns in found]


def copy(database: Path, to: Path) -> Path:
    """A copy to do with as one likes, with what SQLite keeps beside the file."""
    to.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        beside = database.with_name(database.name + suffix)
        if beside.exists():
            shutil.copyfile(beside, to.with_name(to.name + suffix))
    return to


def count(database: Path, action_type: str) -> int:
    """How many receipts of this type there are so far; read beside the daemon, never writing."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute("SELECT COUNT(*) FROM receipts WHERE receipt_json LIKE ?", (f'%"type":"{action_type}"%',)).fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()
