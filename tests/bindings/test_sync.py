"""Joining and syncing where there is no clinic, a wrong one, or one that never answers."""

import contextlib
import http.server
import socket
import threading
import time

import companion_ffi as core
from support import CompanionTestCase, mood

# The invite of tests/vectors/protocol.json; no clinic made it.
INVITE = "Z71D-VBP5-F86K-BDXP-KZZ8-J1AH-R8AW"


class NoClinic(CompanionTestCase):
    def setUp(self):
        super().setUp()
        self.companion = self.open()
        self.sync = self.companion.sync()

    def test_a_round(self):
        problem = self.assert_problem(
            core.ProblemKind.REFUSED, "no-clinic", self.sync.round, core.Cancellation()
        )
        self.assertFalse(problem.retry)

    def test_nothing_was_begun(self):
        self.assertIsNone(self.sync.joining())
        self.assertIsNone(self.sync.server())

    def test_nobody_reads(self):
        care = self.companion.care()
        self.assertEqual((care.readers(), care.readings(), care.reviews()), ([], [], []))
        self.assertIsNone(care.welcomed())

    def test_what_is_recorded_counts_as_unsent(self):
        before = self.sync.unsent()
        self.companion.journal().record(mood())
        self.assertEqual(self.sync.unsent(), before + 1)

    def test_an_invite_that_is_none(self):
        for invite, code in (
            ("", "invite-shape"),
            ("https://example.org/join", "invite-shape"),
            ("Z71D-VBP5-F86K-BDXP-KZZ8-J1AH-R8AX", "invite-mistyped"),
        ):
            self.assert_problem(
                core.ProblemKind.INPUT,
                code,
                self.sync.join,
                invite,
                "https://clinic.example",
                core.Cancellation(),
            )

    def test_an_address_that_is_none(self):
        for address in ("", "clinic.example", "ftp://clinic.example", "http://clinic.example"):
            self.assert_problem(
                core.ProblemKind.INPUT,
                "server-address",
                self.sync.join,
                INVITE,
                address,
                core.Cancellation(),
            )
        typed_without_an_address = (INVITE, None, core.Cancellation())
        self.assert_problem(
            core.ProblemKind.REFUSED, "no-clinic", self.sync.join, *typed_without_an_address
        )


class NoAnswer(CompanionTestCase):
    def setUp(self):
        super().setUp()
        self.companion = self.open()
        self.sync = self.companion.sync()

    def test_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        problem = self.assert_problem(
            core.ProblemKind.OFFLINE,
            "unreachable",
            self.sync.join,
            INVITE,
            f"http://127.0.0.1:{port}",
            core.Cancellation(),
        )
        self.assertTrue(problem.retry)

    def test_another_server_is_not_taken_for_a_clinic(self):
        with web_server() as address:
            with self.assertRaises(core.Problem.Failed):
                self.sync.join(INVITE, address, core.Cancellation())
        self.assertIsNone(self.sync.joining())

    def test_cancelling_from_another_thread_ends_a_hanging_join(self):
        entry = self.companion.journal().record(mood(note="before"))
        with silent_server() as (address, called):
            cancellation = core.Cancellation()
            outcome = []
            call = threading.Thread(
                target=lambda: outcome.append(self.sync.join(INVITE, address, cancellation))
            )
            call.start()
            self.assertTrue(called.wait(10), "the call never reached the server")
            self.assertTrue(call.is_alive(), "the call must hang for this test to mean anything")
            # Nothing else waits for the call meanwhile.
            during = self.companion.journal().record(mood(note="during"))
            started = time.monotonic()
            cancellation.cancel()
            call.join(10)
            took = time.monotonic() - started
        self.assertEqual(outcome, [None], "cancelled: neither joined nor a problem")
        self.assertLess(took, 2)
        for name, note in ((entry, "before"), (during, "during")):
            self.assertEqual(self.companion.journal().entry(name).mood.note, note)
        self.assertIsNone(self.sync.joining())

    def test_a_cancellation_is_for_good(self):
        cancellation = core.Cancellation()
        cancellation.cancel()
        with silent_server() as (address, _):
            self.assertIsNone(self.sync.join(INVITE, address, cancellation))


@contextlib.contextmanager
def silent_server():
    """A server that takes connections and never says a word; and an event for the first request."""
    called = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        connections = []

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connections.append(connection)
                    if connection.recv(1):
                        called.set()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", called
        for connection in connections:
            connection.close()


@contextlib.contextmanager
def web_server():
    """A web server that answers everything with a page."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            page = b"<h1>Hello</h1>"
            self.send_response(200)
            self.send_header("content-length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
