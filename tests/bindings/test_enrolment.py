"""Enrolment at a real clinic API, with a real clinic on the other side."""

import json
import os
import subprocess
import unittest

import companion_ffi as core
from support import CompanionTestCase, mood

CLINIC = os.environ["COMPANION_TEST_CLINIC"]


class Clinic:
    """The program `clinic-for-tests`, spoken to line by line."""

    def __init__(self):
        self.process = subprocess.Popen(
            [CLINIC], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        ready, self.server, self.invite = self.process.stdout.readline().split()
        assert ready == "ready"

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


class Enrolment(CompanionTestCase):
    def setUp(self):
        super().setUp()
        self.clinic = Clinic()
        self.addCleanup(self.clinic.close)

    def test_what_is_shared_arrives_once_the_digits_were_compared(self):
        companion = self.open()
        sync, journal = companion.sync(), companion.journal()
        before = journal.record(mood(note="before the clinic"))

        joining = sync.join(self.clinic.invite, self.clinic.server, core.Cancellation())
        self.assertRegex(joining.digits, r"^\d{3} \d{3} \d{3} \d{3}$")
        self.assertEqual(sync.joining(), joining)
        self.assertEqual(sync.server(), self.clinic.server)

        shared = journal.record(mood(note="for the team"), share=True)
        self.assertTrue(journal.entry(shared).shared)
        self.assertFalse(journal.entry(before).shared)
        self.assertFalse(journal.share_by_default(), "not before the person says so")

        report = sync.round(core.Cancellation())
        self.assertEqual((report.alarms, report.waiting), ([], []))
        # The clinic has not compared the digits yet: what is for the care team stays here.
        self.assertEqual(sync.unsent(), 1)

        self.assertEqual(self.clinic.ask("admit " + joining.digits), "admitted")
        report = sync.round(core.Cancellation())
        self.assertEqual((report.alarms, report.waiting), ([], []))
        self.assertEqual(sync.unsent(), 0)
        self.assertEqual(json.loads(self.clinic.ask("notes")), ["for the team"])

    def test_other_digits_admit_nobody(self):
        companion = self.open()
        sync = companion.sync()
        joining = sync.join(self.clinic.invite, self.clinic.server, core.Cancellation())
        digits = joining.digits.replace(" ", "")
        wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)
        self.assertEqual(self.clinic.ask("admit " + wrong), "refused")
        companion.journal().record(mood(note="for the team"), share=True)
        sync.round(core.Cancellation())
        self.assertEqual(sync.unsent(), 1)


if __name__ == "__main__":
    unittest.main()
