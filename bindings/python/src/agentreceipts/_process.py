"""Processes that end without C's `exit`, which is what closes the emitters that are still open.

`multiprocessing` ends its children by `os._exit`, after it has run what was registered with it: there, and only there, we register.
"""

from __future__ import annotations

import os
import sys

from . import _library

_here = 0


def watch() -> None:
    """Makes sure that the emitters of this process are closed when it ends; called whenever one is made."""
    if _here != os.getpid() and "multiprocessing.process" in sys.modules:
        _close_with_multiprocessing()


def _close_with_multiprocessing() -> None:
    global _here
    from multiprocessing import process, util

    _here = os.getpid()
    if process.parent_process() is not None:
        util.Finalize(None, _library.emitters_close_all, exitpriority=-100)
    else:
        # The process that multiprocessing was started from, which ends by `exit`; or a child that imports its program before it is told
        # what to do, and then forgets what was registered with it, but not this.
        util.register_after_fork(_library, _told_what_to_do)


def _told_what_to_do(_: object) -> None:
    from multiprocessing import process

    # A child of a fresh interpreter ends by `exit`.
    if getattr(process.current_process(), "_start_method", "") != "spawn":
        _close_with_multiprocessing()


def _in_child() -> None:
    # A child of multiprocessing forgets its parent's finalisers right after this, and then runs what is left here.
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.register_after_fork(_library, _told_what_to_do)


os.register_at_fork(after_in_child=_in_child)
