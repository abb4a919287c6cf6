"""Without a word from anybody, a published client dials the socket that our daemon listens on."""

import itertools
import os
import unittest
from unittest import mock

from obsigna.daemon_emitter import default_socket_path

from harness import programs

VALUES = {
    "XDG_RUNTIME_DIR": (None, "", "/runtime"),
    "XDG_DATA_HOME": (None, "", "relative", "/data"),
    "HOME": (None, "/home/x"),
    "TMPDIR": (None, "/elsewhere"),
    "AGENTRECEIPTS_SOCKET": (None, "", "/named/events.sock"),
}


class DefaultPaths(unittest.TestCase):
    def test_the_published_client_dials_where_our_daemon_listens(self):
        seen = set()
        for values in itertools.product(*VALUES.values()):
            environment = {name: value for name, value in zip(VALUES, values) if value is not None}
            with self.subTest(environment=environment):
                with mock.patch.dict(os.environ, environment, clear=True):
                    dialled = default_socket_path()
                self.assertEqual(programs.default_socket(environment), dialled or None)
                seen.add(dialled)
        self.assertGreaterEqual(len(seen), 3, "the variables made no difference")


if __name__ == "__main__":
    unittest.main()
