"""Enrolment at a real clinic API, where one is given.

`COMPANION_TEST_SERVER` is its address, `COMPANION_TEST_INVITE` an unused invite of
a clinic on it. Without them these tests are skipped.
"""

import os
import unittest

import companion_ffi as core
from support import CompanionTestCase, mood

SERVER = os.environ.get("COMPANION_TEST_SERVER")
INVITE = os.environ.get("COMPANION_TEST_INVITE")


@unittest.skipUnless(SERVER and INVITE, "no clinic API is given")
class Enrolment(CompanionTestCase):
    def test_joining_recording_and_syncing(self):
        companion = self.open()
        sync, journal = companion.sync(), companion.journal()
        before = journal.record(mood(note="before the clinic"))

        joining = sync.join(INVITE, SERVER, core.Cancellation())
        self.assertRegex(joining.digits, r"^\d{3} \d{3} \d{3} \d{3}$")
        self.assertEqual(sync.joining(), joining)
        self.assertEqual(sync.server(), SERVER)

        shared = journal.record(mood(note="for the team"), share=True)
        self.assertTrue(journal.entry(shared).shared)
        self.assertFalse(journal.entry(before).shared)
        self.assertFalse(journal.share_by_default(), "not before the person says so")
        journal.set_share_by_default(True)
        self.assertTrue(journal.share_by_default())
        self.assertGreater(sync.unsent(), 1)

        report = sync.round(core.Cancellation())
        self.assertEqual((report.alarms, report.waiting), ([], []))
        self.assertGreater(report.frames_pushed, 0)
        # The clinic has not compared the digits yet: what is for the care team stays here.
        self.assertEqual(sync.unsent(), 1)
        self.assertEqual(companion.care().readings(), [])
