"""Any value becomes JSON text: bounded, exact, without secrets."""

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import pathlib
import uuid

import pytest
from pydantic import BaseModel

from agentreceipts._plain import Plain, Redaction


def plain(value, *redact: str):
    return json.loads(Plain(Redaction(redact)).text(value))


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Point:
    x: int
    password: str


class Model(BaseModel):
    name: str
    api_key: str


class Loose(BaseModel, extra="allow"):
    name: str


class Opaque:
    def __repr__(self) -> str:
        raise AssertionError("nobody asked")


def test_what_json_can_say_is_said_so():
    value = {"a": [1, 1.5, True, None, "größe"], "b": {"c": ()}}
    assert plain(value) == {"a": [1, 1.5, True, None, "größe"], "b": {"c": []}}


def test_what_json_cannot_say_is_an_object_that_says_what_it_is():
    assert plain(b"\xff\x00") == plain(bytearray(b"\xff\x00")) == plain(memoryview(b"\xff\x00")) == {"$base64": "/wA="}
    assert plain({3, 1, 2}) == plain(frozenset({2, 3, 1})) == {"$set": [1, 2, 3]}
    assert plain([float("nan"), float("inf"), -float("inf")]) == [{"$float": "nan"}, {"$float": "inf"}, {"$float": "-inf"}]
    assert plain({"\ud800": 1, "\udfff": 2}) == {"$pairs": [["\ufffd", 1], ["\ufffd", 2]]}
    assert plain({1: "a", "1": "b", None: "c"}) == {"$pairs": [[1, "a"], ["1", "b"], [None, "c"]]}
    assert plain(Opaque()) == {"$type": f"{__name__}.Opaque"}
    assert plain(Opaque) == {"$type": f"{__name__}.Opaque"}
    assert plain(print) == {"$type": "builtins.builtin_function_or_method"}


def test_no_integer_is_rounded():
    assert plain([2**53 - 1, 1 - 2**53]) == [2**53 - 1, 1 - 2**53]
    assert plain([2**53, -(10**30)]) == [{"$int": str(2**53)}, {"$int": str(-(10**30))}]
    assert plain(16**9000)["$int"].startswith("0x1000")


def test_common_types_are_what_they_stand_for():
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    assert plain([Colour.RED, Level.HIGH, moment, moment.date()]) == ["red", 3, "2026-01-02T03:04:05+00:00", "2026-01-02"]
    assert plain([decimal.Decimal("1.10"), uuid.UUID(int=1), pathlib.PurePosixPath("/a/b")]) == ["1.10", str(uuid.UUID(int=1)), "/a/b"]
    assert plain(collections.OrderedDict(a=1)) == {"a": 1}


def test_cycles_end_and_what_merely_occurs_twice_is_no_cycle():
    ring: list = [1]
    ring.append(ring)
    assert plain(ring) == [1, {"$cycle": True}]
    loop: dict = {}
    loop["self"] = loop
    assert plain(loop) == {"self": {"$cycle": True}}
    shared = ["x"]
    assert plain([shared, shared]) == [["x"], ["x"]]


def test_depth_number_and_length_are_bounded():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert '{"$omitted":"too deep"}' in Plain(Redaction()).text(deep)
    many = plain([1] * 10**6)
    assert many[-2:] == [1, {"$omitted": "too many values"}]
    assert len(many) <= 20_001
    assert len(plain({n: {n} for n in range(10**5)})["$pairs"]) <= 20_001
    assert plain("x" * 10**6) == {"$omitted": "1000000 characters"}
    assert plain(bytes(10**6)) == {"$omitted": "1000000 bytes"}
    assert plain(["x" * 400_000] * 3)[1:] == [{"$omitted": "400000 characters"}] * 2
    assert plain(["\0" * 100_000]) == {"$omitted": "600004 bytes of json"}


def test_lone_surrogates_are_replaced_and_pairs_joined():
    assert plain("a\ud800b") == "a\ufffdb"
    assert plain("\ud83d\ude00") == "\U0001f600"
    assert plain({"\udfff": 1}) == {"\ufffd": 1}


def test_values_that_fail_when_they_are_read_are_omitted():
    class Broken(collections.abc.Mapping):
        def __getitem__(self, key):
            raise ZeroDivisionError

        def __iter__(self):
            return iter(["a"])

        def __len__(self):
            return 1

    found = plain([1, Broken(), 2])
    assert found[0::2] == [1, 2]
    assert found[1]["$omitted"] == "unreadable"


@pytest.mark.parametrize(
    "name",
    ["password", "Password", "db_password", "github_token", "apiKey", "X-Api-Key", "Authorization", "client_secret", "cookie", "private_key"],
)
def test_common_names_of_secrets_hide_their_values_at_every_depth(name):
    assert plain({"a": [{name: "hunter2"}]}) == {"a": [{name: "[redacted]"}]}


def test_other_names_hide_nothing_unless_they_are_given():
    value = {"max_tokens": 5, "author": "a", "pin": "1234", "secretary": "b"}
    assert plain(value) == value
    assert plain(value, "PIN", "author") == {**value, "author": "[redacted]", "pin": "[redacted]"}


def test_fields_of_dataclasses_and_models_are_members():
    assert plain(Point(1, "hunter2")) == {"x": 1, "password": "[redacted]"}
    assert plain(Model(name="n", api_key="hunter2")) == {"name": "n", "api_key": "[redacted]"}
    assert plain(Loose(name="n", password="hunter2", more=1)) == {"name": "n", "password": "[redacted]", "more": 1}


def test_one_name_instead_of_several_is_a_mistake():
    with pytest.raises(TypeError):
        Redaction("password")


def test_whether_something_was_left_out_is_known():
    def whole(value: object) -> bool:
        made = Plain(Redaction(["pin"]))
        made.text(value)
        return made.whole

    shared: list = []
    for value in ({}, {"a": [1, "x", None, b"y", {2}]}, Colour.RED, [shared, shared]):
        assert whole(value)
    for value in ({"pin": 1}, [{"a": {"token": ""}}], Point(1, ""), object(), int, "x" * 10**6, bytes(10**6), [1] * 10**6, ["x" * 400_000] * 3):
        assert not whole(value)
