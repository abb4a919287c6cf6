"""The numbers of the library's errors, as `ffi/error-codes.txt` lists them."""

from __future__ import annotations

from enum import IntEnum


class ErrorCode(IntEnum):
    """What ``code`` of an exception says. A number never changes its meaning.

    Those of the verifier, 40 to 44 and 400 to 599, are the library's as well; nothing in this package gives them.
    """

    OK = 0
    NULL = 1
    STRUCT_SIZE = 2
    FLAGS = 3
    UTF8 = 4
    HANDLE = 5
    BUFFER = 6
    TOO_MANY = 7
    PATH = 8
    PACKED = 9
    ABI = 10
    NO_SOCKET_PATH = 11
    MISSING_FIELD = 20
    UNKNOWN_DECISION = 21
    FIELD_TOO_LONG = 22
    OPERATOR_NAME_ALONE = 23
    AGENT_ID = 24
    HALF_TARGET = 25
    PAYLOAD = 26
    TOO_LARGE = 27
    EVENT = 29
    KEY = 40
    ORDER = 41
    BUSY_VERIFIER = 42
    JSON = 43
    RECEIPT = 44
    CLOSED = 100
    DIAL = 200
    BUSY = 201
    WRITE = 202
    NO_REPLY = 203
    BAD_REPLY = 204
    TRANSPORT = 209
    REFUSED = 300
    NOT_VALID = 400
    DATABASE = 500
    PANIC = 900
    POISONED = 901
    INTERNAL = 902
