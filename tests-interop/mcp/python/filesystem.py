"""The official file system server by the official Python client."""

import os

import anyio
from tapped import Session, run

FOLDER = os.environ["INTEROP_FOLDER"]
# Nothing in it has to be escaped: a server of the SDK takes no line above 10 MiB.
LINE = "ten million bytes, some of them größe and \U0001f512. "
TEN_MILLION = LINE * (10_000_000 // len(LINE.encode()) + 1)


async def flow(session: Session) -> None:
    def call(name: str, path: str, **more):
        return session.call(name, {"path": f"{FOLDER}/{path}", **more})

    await session.step("list", lambda client: client.list_tools())
    await session.step("folder", call("create_directory", "p/q"))
    await session.step("write", call("write_file", "p/a.txt", content="one\ntwo\n\u2028\u0085\n"))
    await session.step("read", call("read_text_file", "p/a.txt"))
    await session.step("edit", call("edit_file", "p/a.txt", edits=[{"oldText": "two", "newText": "TWO"}]))
    await session.step("listing", call("list_directory", "p"))
    await session.step("search", call("search_files", "p", pattern="*.txt"))
    await session.step("missing", call("read_text_file", "none"))
    await session.step("outside", session.call("read_text_file", {"path": "/etc/passwd"}))
    await session.step("wrong type", session.call("read_text_file", {"path": [1, None]}))
    await session.step("write ten million", call("write_file", "large.txt", content=TEN_MILLION))
    await session.step("size of ten million", session.call("list_directory_with_sizes", {"path": FOLDER}))


if __name__ == "__main__":
    anyio.run(run, flow, "auto")
