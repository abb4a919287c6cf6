"""The published client as one process: the arguments are the socket, the session, the number of events."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from obsigna import DaemonEmitter  # noqa: E402

from harness.emitter_process import emit  # noqa: E402


def main() -> None:
    socket_path, session, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with DaemonEmitter(socket_path=socket_path, session_id=session) as emitter:
        for index in range(count):
            given = {"index": index, "text": "größe \U0001f512", "half": 0.5}
            event = {"channel": "sdk", "tool_name": f"{session}-{index}", "decision": "allowed"}
            emit(emitter, event | {"input": json.dumps(given)})
    exe = os.readlink("/proc/self/exe") if os.path.exists("/proc/self/exe") else None
    print(json.dumps({"pid": os.getpid(), "uid": os.getuid(), "gid": os.getgid(), "exe_path": exe}))


if __name__ == "__main__":
    main()
