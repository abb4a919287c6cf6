"""Does with the Python emitter what one JSON object a line asks for, and answers with one a line: the driver through which
`tests-interop/test_behaviours.py` holds Python to what holds in every language. It translates, and decides nothing.
"""

import json
import sys
import threading
import time

from agentreceipts import (
    DaemonEmitter,
    EmitCallerError,
    EmitClosedError,
    EmitRefusedError,
    EmitTransportError,
    ErrorCode,
    default_socket_path,
)

emitters: dict[str, DaemonEmitter] = {}


def new(request: dict) -> dict:
    named = {"socket": "socket_path", "session": "session_id", "best_effort": "best_effort"}
    given = {ours: request[theirs] for theirs, ours in named.items() if theirs in request}
    emitters[request["on"]] = DaemonEmitter(**given, **request.get("identity", {}))
    return {"ok": True}


def event(request: dict) -> dict:
    # What a caller must not leave out is a keyword without default: absent is empty.
    return {"channel": "", "tool_name": "", "decision": ""} | request["event"]


def emit(request: dict) -> dict:
    emitter = emitters[request["on"]]
    if "acknowledged_ms" not in request:
        emitter.emit(**event(request))
        return {"ok": True}
    receipt = emitter.emit_acknowledged(timeout=request["acknowledged_ms"] / 1000, **event(request))
    told = {"receipt_id": receipt.receipt_id, "chain_id": receipt.chain_id, "sequence": receipt.sequence}
    return {"ok": True, "receipt_hash": receipt.receipt_hash} | told


def threads(request: dict) -> dict:
    emitter, failed = emitters[request["on"]], []
    together = threading.Barrier(request["threads"])

    def run(t: int) -> None:
        together.wait()
        for i in range(request["each"]):
            try:
                emitter.emit(**event(request) | {"correlation_id": f"{t}-{i}"})
            except Exception as error:
                failed.append(error)

    running = [threading.Thread(target=run, args=(t,)) for t in range(request["threads"])]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return {"ok": True, "failed": len(failed)}


def cost(request: dict) -> dict:
    emit, given, count = emitters[request["on"]].emit, event(request), request["events"]
    pause, took = request["pause_us"] * 1000, []
    emit(**given)
    for _ in range(count):
        begin = time.perf_counter_ns()
        emit(**given)
        end = time.perf_counter_ns()
        took.append(end - begin)
        while time.perf_counter_ns() < end + pause:
            pass
    took.sort()
    return {"microseconds": [took[(count - 1) * p // 100] / 1000 for p in (50, 90, 99)]}


def close(request: dict) -> dict:
    emitters[request["on"]].close()
    return {"ok": True}


DO = {
    "new": new,
    "emit": emit,
    "threads": threads,
    "cost": cost,
    "close": close,
    "session_id": lambda request: {"text": emitters[request["on"]].session_id},
    "socket_path": lambda request: {"text": emitters[request["on"]].socket_path},
    "dropped": lambda request: {"number": emitters[request["on"]].dropped},
    "default_socket_path": lambda request: {"text": default_socket_path()},
    "error_codes": lambda request: {"codes": {code.name.lower(): code.value for code in ErrorCode}},
}


def answer(request: dict) -> dict:
    if request["do"] not in DO or ("on" in request and request["do"] != "new" and request["on"] not in emitters):
        return {"fault": f"`{request['do']}` on `{request.get('on')}` is unknown"}
    try:
        return DO[request["do"]](request)
    except EmitRefusedError as error:
        return {"refused": {"code": error.refusal, "message": error.reason}}
    except EmitTransportError as error:
        return {"error": "transport", "message": str(error)}
    except EmitClosedError as error:
        return {"error": "closed", "message": str(error)}
    except EmitCallerError as error:
        return {"error": "caller", "message": str(error)}
    except Exception as error:
        return {"error": "other", "message": repr(error)}


for line in sys.stdin.buffer:
    asked = json.loads(line)
    if asked["do"] == "abort":
        break
    sys.stdout.write(json.dumps(answer(asked)) + "\n")
    sys.stdout.flush()
sys.exit()
