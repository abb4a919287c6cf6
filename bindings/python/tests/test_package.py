"""The package as somebody installs it: what it brings, what it imports, what a type checker says, and the example of its README."""

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from harness import programs

import agentreceipts
from agentreceipts import _library as library

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent
SOURCES = Path(agentreceipts.__file__).parent
DEADLINE = 300


def interpreters() -> list[str]:
    """Every interpreter of this machine that the package promises to work with, the one that runs the tests among them."""
    named = filter(None, (shutil.which(f"python3.{minor}") for minor in range(9, 20)))
    # What a version manager puts into the path may be a program that only says that there is none.
    answers = lambda path: subprocess.run([path, "-c", "import ctypes"], capture_output=True, timeout=DEADLINE, check=False).returncode == 0
    return sorted({sys.executable, *filter(answers, named)})


def test_the_tests_run_against_what_is_installed():
    assert PACKAGE not in SOURCES.parents


def test_every_error_code_is_known_by_its_name_and_number():
    listed = {}
    for line in (PACKAGE.parent.parent / "ffi" / "error-codes.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            number, name, kind = line.split()
            if kind != "retired":
                listed[name] = int(number)
    assert {code.name.lower(): code.value for code in agentreceipts.ErrorCode} == listed


def test_every_error_code_has_an_exception_of_its_class():
    from agentreceipts._errors import made

    kinds = {
        "caller": agentreceipts.EmitCallerError,
        "closed": agentreceipts.EmitClosedError,
        "transport": agentreceipts.EmitTransportError,
        "refused": agentreceipts.EmitRefusedError,
        "library": agentreceipts.EmitLibraryError,
        # The verifier's: an emitter that gave one would be at fault.
        "verdict": agentreceipts.EmitLibraryError,
        "unreadable": agentreceipts.EmitLibraryError,
    }
    for line in (PACKAGE.parent.parent / "ffi" / "error-codes.txt").read_text().splitlines():
        if line and not line.startswith("#") and not line.split()[2] in ("none", "retired"):
            number, _, kind = line.split()
            error = made(int(number), library.error_class(int(number)), "words")
            assert type(error) is kinds[kind]
            assert error.code == int(number)


def test_the_library_is_the_one_of_this_version():
    library._library.ar_version.restype = library.ctypes.c_char_p
    assert library._library.ar_version().decode() == agentreceipts.__version__ == importlib.metadata.version("agentreceipts")
    library._library.ar_frame_version.restype = library.ctypes.c_char_p
    assert library._library.ar_frame_version().decode() == agentreceipts.SUPPORTED_FRAME_VERSION


def test_declared_structs_are_as_large_as_the_headers():
    header = (PACKAGE.parent.parent / "ffi" / "include" / "agent_receipts.h").read_text()
    for struct, name in ((library.Error, "ar_error"), (library.Ack, "ar_ack"), (library.Text, "ar_text"), (library.Config, "ar_emitter_config")):
        body = re.search(rf"typedef struct {name} {{(.*?)\n}} {name};", header, re.S).group(1)
        members = re.findall(r"^\s+[\w ]+?[ *](\w+)(?:\[\w+\])?;", body, re.M)
        ours = [member for member, _ in struct._fields_]
        # A struct may have grown at its end since; the library takes the shorter one.
        assert members[: len(ours)] == ours, name


def test_it_needs_nothing_but_python():
    wanted = importlib.metadata.requires("agentreceipts") or []
    assert all("extra ==" in one for one in wanted)
    assert set(importlib.metadata.metadata("agentreceipts").get_all("Provides-Extra")) == {"langchain", "openai-agents", "mcp"}


def test_the_licences_are_inside():
    files = {path.name: path for path in importlib.metadata.files("agentreceipts") or []}
    for name in ("LICENSE-MIT", "LICENSE-APACHE"):
        assert files[name].read_text() == (PACKAGE.parent.parent / name).read_text()
    assert importlib.metadata.metadata("agentreceipts")["License-Expression"] == "MIT OR Apache-2.0"


def test_the_wheel_is_for_every_python_3_of_this_platform():
    told = importlib.metadata.distribution("agentreceipts").read_text("WHEEL")
    assert re.search(r"^Tag: py3-none-(?!any)\w+$", told, re.M), told
    assert "Root-Is-Purelib: false" in told
    # Nothing in it belongs to one version of an interpreter.
    assert sorted(path.name for path in SOURCES.rglob("*") if path.suffix in (".so", ".dylib")) == ["_native.abi3.so", library._NAME]


@pytest.mark.parametrize("path", sorted(SOURCES.glob("*.py")), ids=lambda path: path.name)
def test_every_source_is_python_3_9(path):
    ast.parse(path.read_text(), feature_version=(3, 9))


def run(code: str, *arguments: str, python: str = sys.executable, **more) -> str:
    done = subprocess.run([python, "-B", "-S", "-c", code, *arguments], capture_output=True, text=True, timeout=DEADLINE, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_importing_and_emitting_import_nothing_large():
    heavy = ("asyncio", "dataclasses", "enum", "inspect", "json", "logging", "multiprocessing", "socket", "typing", "uuid")
    code = f"""
import sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
from agentreceipts import DaemonEmitter
emitter = DaemonEmitter(socket_path="/nonexistent/x.sock", best_effort=True)
emitter.emit(channel="sdk", tool_name="t", decision="allowed", input="{{}}")
emitter.close()
print(sorted((set(sys.modules) - before) & set({heavy!r})))
"""
    # What `ctypes` itself needs may differ from version to version of Python; here only what we add counts.
    baseline = run(f"import sys\nimport ctypes, struct, os\nprint(sorted(set(sys.modules) & set({heavy!r})))")
    found = run(code, str(SOURCES.parent))
    assert set(ast.literal_eval(found)) <= set(ast.literal_eval(baseline)), found


def test_what_is_imported_later_is_there_when_it_is_asked_for():
    code = """
import sys
sys.path.insert(0, sys.argv[1])
import agentreceipts
assert set(agentreceipts.__all__) <= set(dir(agentreceipts))
for name in agentreceipts.__all__:
    getattr(agentreceipts, name)
try:
    agentreceipts.nonsense
except AttributeError as error:
    print(error)
"""
    assert run(code, str(SOURCES.parent)) == "module 'agentreceipts' has no attribute 'nonsense'\n"


@pytest.mark.parametrize(
    ("module", "wanted", "extra"),
    [("langchain", "langchain_core", "langchain"), ("openai_agents", "agents", "openai-agents"), ("mcp", "mcp", "mcp")],
)
def test_an_integration_without_its_library_says_what_to_install(module, wanted, extra):
    code = f"""
import sys
sys.path.insert(0, sys.argv[1])
sys.modules[{wanted!r}] = None
try:
    import agentreceipts.{module}
except ImportError as error:
    print(error)
"""
    assert f"pip install 'agentreceipts[{extra}]'" in run(code, str(SOURCES.parent))


@pytest.mark.parametrize("python", interpreters(), ids=lambda path: Path(path).name)
def test_every_interpreter_here_can_use_it(python, places):
    version = tuple(map(int, run("import sys; print(*sys.version_info[:2])", python=python).split()))
    assert version >= (3, 9)
    code = """
import sys, asyncio
sys.path.insert(0, sys.argv[1])
import agentreceipts
from agentreceipts import *
emitter = DaemonEmitter(socket_path="/nonexistent/x.sock", best_effort=True)
@record(emitter, redact=["pin"])
def pay(amount, pin): return {"paid": amount}
pay(1, pin="1234")
@record(emitter)
async def wait(): return 1
asyncio.run(wait())
async def main():
    async with AsyncDaemonEmitter(socket_path="/nonexistent/x.sock") as other:
        try:
            await other.emit(channel="sdk", tool_name="t", decision="allowed")
        except EmitTransportError as error:
            return ErrorCode(error.code).name
try:
    emitter.emit(channel="sdk", tool_name="\\ud800", decision="allowed")
except ValueError as error:
    print(asyncio.run(main()), emitter.dropped, DAEMON_PROTOCOL_RANGE.max, error)
"""
    assert run(code, str(SOURCES.parent), python=python) == "DIAL 2 1 emitter: tool_name holds a lone surrogate, which no UTF-8 can\n"


USE = '''
import asyncio
import logging

from agentreceipts import AsyncDaemonEmitter, DaemonEmitter, EmitTransportError, ErrorCode, Receipt, record, recorded

emitter = DaemonEmitter(socket_path="", session_id="", log=logging.getLogger("x"), best_effort=False)


@record(emitter, redact=["pin"])
def pay(amount: int, pin: str) -> bool:
    return True


paid: bool = pay(1, "2")


async def main() -> Receipt:
    async with AsyncDaemonEmitter() as other:
        await other.emit(channel="sdk", tool_name="t", decision="allowed", input="{}")
        return await other.emit_acknowledged(timeout=1.0, channel="sdk", tool_name="t", decision="allowed")


with emitter as same, recorded(same, "t") as call:
    call.result = asyncio.run(main()).sequence + 1
    try:
        same.emit(channel="sdk", tool_name="t", decision="allowed", input=b"{}", usage="{}", model="m")
    except EmitTransportError as error:
        print(ErrorCode(error.code))
'''

MISUSE = '''
from agentreceipts import AsyncDaemonEmitter, DaemonEmitter, record

emitter = DaemonEmitter(socket_path=5)
emitter.emit(channel="sdk", tool_name="t")
emitter.emit(channel="sdk", tool_name="t", decision="allowed", input={})
emitter.emit_acknowledged(channel="sdk", tool_name="t", decision="allowed", nonsense=1)
emitter.session_id = "x"


@record(emitter)
def add(a: int) -> int:
    return a


add("1")


async def main() -> None:
    await AsyncDaemonEmitter().emit(channel="sdk")
'''


def checked(tmp_path: Path, code: str) -> subprocess.CompletedProcess:
    file = tmp_path / "program.py"
    file.write_text(code)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, cwd=tmp_path, check=False)


def test_a_type_checker_accepts_right_use(tmp_path):
    done = checked(tmp_path, USE)
    assert done.returncode == 0, done.stdout


def test_a_type_checker_finds_wrong_use(tmp_path):
    done = checked(tmp_path, MISUSE)
    lines = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}
    assert lines == {4, 5, 6, 7, 8, 16, 20}, done.stdout


def test_the_sources_themselves_are_strictly_typed(tmp_path):
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), "--package", "agentreceipts"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout


def wheel() -> str:
    named = os.environ.get("AGENT_RECEIPTS_WHEEL")
    assert named, "AGENT_RECEIPTS_WHEEL names no wheel: run these tests by `cargo xtask test --only bindings`"
    return named


def test_the_three_lines_of_the_readme_record_a_receipt_that_verifies(tmp_path, daemon, monkeypatch):
    (example,) = re.findall(r"```python\n(from agentreceipts import DaemonEmitter\n.*?)```", (PACKAGE / "README.md").read_text(), re.S)[:1]
    assert len(example.strip().splitlines()) == 3
    venv.create(tmp_path / "fresh", with_pip=True)
    python = tmp_path / "fresh" / "bin" / "python"
    # No compiler is to be found, and no index is asked: the wheel needs neither.
    monkeypatch.setenv("CC", "false")
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", wheel()]
    subprocess.run(install, check=True, timeout=DEADLINE, env={**os.environ, "PATH": str(tmp_path)})
    # The emitter gives up after a fraction of a second, which a loaded machine may well need.
    for _ in range(50):
        environment = {**os.environ, "AGENTRECEIPTS_SOCKET": str(daemon.socket)}
        done = subprocess.run(
            [str(python), "-B", "-I", "-c", example], env=environment, capture_output=True, text=True, timeout=DEADLINE, check=False
        )
        if "EmitTransportError" not in done.stderr:
            break
    assert done.returncode == 0, done.stderr
    daemon.wait_for_receipts(1)
    assert daemon.stop() == 0
    verdict = programs.verify(daemon.database, daemon.public_key)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    from harness import database

    assert [row.action["tool_name"] for row in database.rows(daemon.database)][0] == "read_file"
