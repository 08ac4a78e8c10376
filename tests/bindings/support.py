"""What the tests share: the generated module, a key store, and entries."""

import shutil
import tempfile
import unittest

import companion_ffi as core

# 2026-03-10 08:30 in Berlin, one hour east of UTC (a Tuesday, before summer time).
MORNING = 1_773_127_800_000
DAY = 24 * 60 * 60 * 1000


class MemoryKeyStore(core.KeyStore):
    """Keeps the key in memory, and counts how it was used."""

    def __init__(self, key=None):
        self.key = key
        self.saved = 0

    def load(self):
        return self.key

    def save(self, key):
        self.saved += 1
        self.key = key


def moment(at=MORNING):
    return core.Moment(at=at, offset_seconds=3600, zone="Europe/Berlin")


def mood(valence=0.2, at=MORNING, **rest):
    return core.Mood(valence=valence, felt=moment(at), **rest)


class CompanionTestCase(unittest.TestCase):
    """A test with a folder of its own, and a companion that is opened where it's asked for."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="companion-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.keys = MemoryKeyStore()

    def open(self, keys=None):
        return core.PatientCompanion.open(core.Config(dir=self.dir), keys or self.keys)

    def assert_problem(self, kind, code, call, *arguments, **named):
        """Checks that a call fails with this kind and code, and returns the problem."""
        with self.assertRaises(core.Problem.Failed) as caught:
            call(*arguments, **named)
        problem = caught.exception
        self.assertEqual((problem.kind, problem.code), (kind, code))
        self.assertTrue(problem.advice, "a problem says what the person can do")
        return problem
