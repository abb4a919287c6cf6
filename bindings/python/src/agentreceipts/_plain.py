"""Any Python value as JSON text that a receipt can stand for: bounded, without secrets, and the same text for the same value.

What JSON cannot say becomes an object with one member that begins with `$`. Nothing of a value that is not understood is read, `repr` least of
all: it may tell secrets, and it names memory.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import math
import os
import re
import uuid
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from typing import TypeVar, cast

# Beyond these a value is cut, and says so: deeper, more members, longer text.
_DEPTH = 64
_NODES = 20_000
# An event of two payloads fits into a frame.
_BYTES = 450_000
# The greatest integer up to which each has a number of its own in JSON's arithmetic (RFC 8785).
_EXACT = 2**53 - 1

REDACTED = "[redacted]"

Item = TypeVar("Item")

# Names whose ends tell that a value is a secret, without underscores and in lower case.
_SECRET = (
    "accesskey",
    "apikey",
    "apikeys",
    "authorization",
    "bearer",
    "connectionstring",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "databaseurl",
    "dsn",
    "encryptionkey",
    "jwt",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "privatekey",
    "pwd",
    "secret",
    "secretkey",
    "secrets",
    "signingkey",
    "sshkey",
    "token",
)


class Redaction:
    """Which names have secrets for values: those that the caller gives, whole, and those that end in a common word for one."""

    def __init__(self, names: Collection[str] = ()) -> None:
        self._names = frozenset(map(_bare, listed(names)))

    def hides(self, name: object) -> bool:
        if isinstance(name, enum.Enum):
            name = name.value
        if isinstance(name, (bytes, bytearray)):
            # Names of headers are bytes in many a library.
            name = bytes(name).decode("latin-1")
        if not isinstance(name, str):
            return False
        bare = _bare(name)
        return bare in self._names or bare.endswith(_SECRET)


def listed(names: Collection[str]) -> tuple[str, ...]:
    """The names, read once: an iterator that is asked for them again has none left, and would hide nothing.

    :raises TypeError: for what is no collection of texts.
    """
    if isinstance(names, str):
        raise TypeError("redact must be a collection of names, not one str")
    found = tuple(names)
    if not all(isinstance(name, str) for name in found):
        raise TypeError("redact must be a collection of names, each a str")
    return found


def _bare(name: str) -> str:
    # Letters and digits of any script: a name in another one is a name too.
    return re.sub(r"[\W_]+", "", str.casefold(name))


class Plain:
    """Turns the values of one call into JSON text."""

    whole: bool
    """Whether nothing was left out of the texts so far: no secret, nothing that is too long, nothing that is not understood."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._nodes = 0
        self._room = _BYTES
        self._path: list[int] = []
        self.whole = True

    def text(self, value: object) -> str:
        """The JSON text of ``value``, whatever that is and does."""
        self._nodes, self._room = 0, _BYTES
        text = json.dumps(self._plain(value), separators=(",", ":"), allow_nan=False)
        return text if len(text) <= _BYTES else json.dumps(self._omitted(f"{len(text)} bytes of json"))

    def _plain(self, value: object) -> object:
        self._nodes += 1
        if self._nodes > _NODES:
            return self._omitted("too many values")
        try:
            return self._readable(value)
        except Exception:
            # Its own code failed, or another thread changed it: no reason for the recorded call not to happen, nor to end otherwise.
            return self._unreadable(value)

    def _readable(self, value: object) -> object:
        if value is None or value is True or value is False:
            return value
        if isinstance(value, enum.Enum):
            return self._inside(value)
        if isinstance(value, str):
            return self._words(value)
        if isinstance(value, int):
            return _integer(int(value))
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else {"$float": str(float(value))}
        if isinstance(value, (bytes, bytearray, memoryview)):
            size = memoryview(value).nbytes
            return {"$base64": b64encode(bytes(value)).decode()} if self._fits(size) else self._omitted(f"{size} bytes")
        if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
            return unicode(value.isoformat())
        if isinstance(value, (uuid.UUID, decimal.Decimal)):
            return unicode(str(value))
        if isinstance(value, os.PathLike):
            return self._words(os.fsdecode(value))
        return self._inside(value)

    def _words(self, text: str) -> object:
        length = str.__len__(text)
        return unicode(text) if self._fits(length) else self._omitted(f"{length} characters")

    def _fits(self, length: int) -> bool:
        """Whether there is room for so much more, which is then taken."""
        if length > self._room:
            return False
        self._room -= length
        return True

    def _inside(self, value: object) -> object:
        """A value that holds others."""
        if id(value) in self._path:
            return {"$cycle": True}
        if len(self._path) >= _DEPTH:
            return self._omitted("too deep")
        self._path.append(id(value))
        try:
            return self._members(value)
        finally:
            self._path.pop()

    def _members(self, value: object) -> object:
        if isinstance(value, enum.Enum):
            return self._plain(value.value)
        if isinstance(value, Mapping):
            return self._mapping(value)
        names = getattr(type(value), "_fields", None)
        if isinstance(value, tuple) and isinstance(names, tuple):
            # A tuple whose items have names, some of which may be those of secrets.
            return [self._value(name, item) for name, item in self._some(zip(names, value))]
        if isinstance(value, (list, tuple)):
            return [self._plain(item) for item in self._some(value)]
        if isinstance(value, Set):
            # A set has no order, and its text must not change from run to run.
            return {"$set": sorted((self._plain(item) for item in self._some(value)), key=json.dumps)}
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._mapping({field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)})
        fields = getattr(type(value), "model_fields", None)
        if isinstance(fields, Mapping):
            # A pydantic model, without having to import pydantic to know it.
            more = getattr(value, "model_extra", None)
            return self._mapping({**{name: getattr(value, name, None) for name in fields}, **(more if isinstance(more, Mapping) else {})})
        self.whole = False
        return _type(value)

    def _some(self, items: Iterable[Item]) -> Iterator[Item]:
        """As many as there is room for, and one more, which is then written as omitted."""
        for item in items:
            yield item
            if self._nodes > _NODES:
                return

    def _mapping(self, value: Mapping[object, object]) -> object:
        pairs = [(self._key(key), self._value(key, item)) for key, item in self._some(value.items())]
        # Two keys may have become one: nothing must be lost.
        if all(isinstance(key, str) for key, _ in pairs) and len({key for key, _ in pairs}) == len(pairs):
            return dict(pairs)
        return {"$pairs": [[key, item] for key, item in pairs]}

    def _key(self, key: object) -> object:
        return self._words(key) if isinstance(key, str) else self._plain(key)

    def _value(self, name: object, value: object) -> object:
        if not self._redaction.hides(name):
            return self._plain(value)
        self._nodes += 1
        self.whole = False
        return REDACTED

    def _omitted(self, what: str) -> dict[str, object]:
        self.whole = False
        return {"$omitted": what}

    def _unreadable(self, value: object) -> object:
        omitted = self._omitted("unreadable")
        try:
            return {**_type(value), **omitted}
        except Exception:
            return omitted


def message(words: str) -> str:
    """``words``, as an event can hold them as an error."""
    words = unicode(words)
    return words if len(words) <= 8_000 else words[:8_000] + "…"


def _type(value: object) -> dict[str, str]:
    # Not by `isinstance`, which asks the value itself for its class.
    kind = cast(type, value) if issubclass(type(value), type) else type(value)
    return {"$type": f"{kind.__module__}.{kind.__qualname__}"}


def unicode(text: str) -> str:
    """Halves of surrogate pairs that stand alone are replaced, pairs are joined: what is left is UTF-8."""
    # What only says that it is a `str` is none here.
    return str.__str__(text) if str.isascii(text) else str.encode(text, "utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _integer(value: int) -> object:
    if -_EXACT <= value <= _EXACT:
        return value
    try:
        return {"$int": str(value)}
    except ValueError:
        # Longer than Python itself is willing to write in decimal.
        return {"$int": hex(value)}
