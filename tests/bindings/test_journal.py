"""Recording, listing, editing, and what an entry refuses."""

import companion_ffi as core
from support import DAY, MORNING, CompanionTestCase, moment, mood


class Recording(CompanionTestCase):
    def setUp(self):
        super().setUp()
        self.journal = self.open().journal()

    def test_everything_that_was_recorded_comes_back(self):
        recorded = mood(
            valence=-0.75,
            energy=2,
            anxiety=8,
            sleep=core.Sleep(hours=5.5, quality=3),
            feelings=["anxious", "lonely"],
            associations=["work"],
            words=["flach"],
            circumstances=["Umzug"],
            note="Schlecht geschlafen 😔\nzweite Zeile",
        )
        entry = self.journal.entry(self.journal.record(recorded))
        self.assertEqual(entry.mood, recorded)
        self.assertFalse(entry.edited)
        self.assertFalse(entry.shared, "nothing is shared before the person says so")

    def test_ids_and_times_have_their_forms(self):
        entry = self.journal.entry(self.journal.record(mood()))
        self.assertRegex(entry.id, "^[0-9a-f]{32}$")
        self.assertRegex(entry.version, "^[0-9a-f]{32}$")
        self.assertIsInstance(entry.written, int)
        self.assertEqual(entry.mood.felt.at, MORNING)
        self.assertTrue(entry.backdated)

    def test_entries_are_listed_newest_first_within_the_range(self):
        early, middle, late = [
            self.journal.record(mood(at=MORNING + days * DAY)) for days in (0, 1, 2)
        ]
        names = lambda entries: [entry.id for entry in entries]
        every = self.journal.entries(MORNING, MORNING + 3 * DAY, 100)
        self.assertEqual(names(every), [late, middle, early])
        until = self.journal.entries(MORNING, MORNING + 2 * DAY, 100)
        self.assertEqual(names(until), [middle, early], "the end doesn't belong to the range")
        self.assertEqual(names(self.journal.entries(MORNING, MORNING + 3 * DAY, 1)), [late])
        self.assertEqual(self.journal.count(), 3)

    def test_pages_and_searches_go_on_where_they_ended(self):
        names = [
            self.journal.record(mood(at=MORNING + days * DAY, note=f"walk {days}"))
            for days in range(5)
        ]
        for page in (
            lambda after: self.journal.page(MORNING, MORNING + 9 * DAY, after, 2),
            lambda after: self.journal.search("WAL", after, 2),
        ):
            found, after = [], None
            while True:
                one = page(after)
                found += [entry.id for entry in one.entries]
                after = one.next
                if after is None:
                    break
            self.assertEqual(found, names[::-1])
        self.assertEqual(self.journal.search("swim", None, 2).entries, [])

    def test_an_erased_entry_is_gone(self):
        entry = self.journal.record(mood(note="to be erased"))
        stays = self.journal.record(mood(note="stays"))
        self.journal.erase(entry)
        self.assertIsNone(self.journal.entry(entry))
        self.assertEqual(self.journal.versions(entry), [])
        self.assertEqual(self.journal.search("erased", None, 9).entries, [])
        self.assertEqual([e.id for e in self.journal.entries(0, MORNING + DAY, 9)], [stays])
        with self.assertRaises(core.Problem) as raised:
            self.journal.erase(entry)
        self.assertEqual(raised.exception.code, "entry-not-found")

    def test_a_day_is_the_day_where_it_was_felt(self):
        # 2026-03-10 00:30 in Berlin is still the 9th in UTC.
        just_after_midnight = MORNING - 8 * 60 * 60 * 1000
        entry = self.journal.record(mood(at=just_after_midnight))
        self.assertEqual([e.id for e in self.journal.day("2026-03-10")], [entry])
        self.assertEqual(self.journal.day("2026-03-09"), [])

    def test_an_edit_keeps_the_earlier_version(self):
        entry = self.journal.record(mood(valence=-0.5, note="first"))
        self.journal.edit(entry, mood(valence=0.5, note="second"))
        now = self.journal.entry(entry)
        self.assertEqual((now.mood.note, now.edited, now.id), ("second", True, entry))
        self.assertEqual([v.mood.note for v in self.journal.versions(entry)], ["second", "first"])
        self.assertEqual(self.journal.versions(entry)[0].id, now.version)
        self.assertEqual(self.journal.count(), 1)

    def test_no_such_entry(self):
        nobody = "0" * 32
        self.assertIsNone(self.journal.entry(nobody))
        self.assertEqual(self.journal.versions(nobody), [])
        for call in (self.journal.share, self.journal.unshare):
            self.assert_problem(core.ProblemKind.INPUT, "entry-not-found", call, nobody)
        self.assert_problem(
            core.ProblemKind.INPUT, "entry-not-found", self.journal.edit, nobody, mood()
        )

    def test_sharing_waits_for_a_clinic(self):
        entry = self.journal.record(mood(), share=False)
        refused = (core.ProblemKind.REFUSED, "no-clinic")
        self.assert_problem(*refused, self.journal.share, entry)
        self.assert_problem(*refused, self.journal.record, mood(), share=True)
        self.assertEqual(self.journal.count(), 1)
        self.assertFalse(self.journal.share_by_default())

    def test_a_default_to_share_stops_no_entry_before_a_clinic_is_joined(self):
        self.journal.set_share_by_default(True)
        self.assertFalse(self.journal.share_by_default(), "there is nobody to share with")
        self.assertFalse(self.journal.entry(self.journal.record(mood())).shared)


class BadInput(CompanionTestCase):
    def setUp(self):
        super().setUp()
        self.journal = self.open().journal()

    def refused(self, code, entry):
        problem = self.assert_problem(core.ProblemKind.INPUT, code, self.journal.record, entry)
        self.assertFalse(problem.retry)
        self.assertEqual(self.journal.count(), 0, "what is refused is not saved")
        return problem

    def test_a_valence_out_of_range(self):
        for valence in (1.1, -1.1, float("nan"), float("inf")):
            self.refused("out-of-range", mood(valence=valence))

    def test_a_scale_out_of_range(self):
        self.refused("out-of-range", mood(energy=11))
        self.refused("out-of-range", mood(sleep=core.Sleep(hours=24.5)))
        self.refused("out-of-range", mood(sleep=core.Sleep(quality=11)))

    def test_a_number_that_the_type_does_not_hold_is_refused_by_the_binding(self):
        with self.assertRaises(ValueError):
            self.journal.record(mood(energy=300))

    def test_a_date_that_cannot_be(self):
        year_1899 = -2_208_988_800_001
        self.refused("impossible-date", mood(at=year_1899))
        beyond_the_calendar = 2**62
        self.refused("impossible-date", mood(at=beyond_the_calendar))
        for day in ("2026-02-30", "yesterday", ""):
            self.assert_problem(core.ProblemKind.INPUT, "impossible-date", self.journal.day, day)

    def test_a_zone_that_is_none(self):
        bad = core.Moment(at=MORNING, offset_seconds=3600, zone="")
        self.refused("impossible-date", core.Mood(valence=0.0, felt=bad))

    def test_a_note_that_is_too_long_is_not_in_the_problem(self):
        problem = self.refused("note-too-long", mood(note="zanzibar" * 2501))
        self.assertNotIn("zanzibar", repr(problem))
        self.journal.record(mood(note="é" * 20_000))

    def test_a_feeling_outside_the_vocabulary(self):
        problem = self.refused("not-in-vocabulary", mood(feelings=["zanzibar"]))
        self.assertNotIn("zanzibar", repr(problem))

    def test_too_many_words_of_ones_own(self):
        self.refused("too-many-words", mood(words=["so"] * 51))
        self.refused("too-many-words", mood(words=["o" * 101]))

    def test_a_malformed_name(self):
        for name in ("", "zz" * 16, "0" * 31, "0" * 64, "A" * 32):
            problem = self.assert_problem(
                core.ProblemKind.INPUT, "malformed-value", self.journal.entry, name
            )
            self.assertNotIn("zz", repr(problem))

    def test_injection_is_text_like_any_other(self):
        nasty = "'; DROP TABLE view_entry; --\0<script>alert(1)</script>"
        entry = self.journal.record(mood(note=nasty, words=[nasty]))
        self.assertEqual(self.journal.entry(entry).mood.note, nasty)


class Words(CompanionTestCase):
    def test_the_vocabulary_is_that_of_the_profile(self):
        # HL7 FHIR PHR State of Mind: 38 feelings, 18 associations.
        self.assertEqual((len(core.feelings()), len(core.associations())), (38, 18))
        self.assertIn("overwhelmed", core.feelings())
        self.assertIn("selfCare", core.associations())

    def test_the_scale_that_people_see(self):
        for step, valence in ((0, -1.0), (2.5, -0.5), (5, 0.0), (10, 1.0)):
            self.assertAlmostEqual(core.valence_of_scale(step), valence)
            self.assertAlmostEqual(core.scale_of_valence(valence), step)
        out = (core.ProblemKind.INPUT, "out-of-range")
        self.assert_problem(*out, core.valence_of_scale, 10.5)
        self.assert_problem(*out, core.scale_of_valence, -1.5)

    def test_what_a_person_wrote_is_not_printed(self):
        companion = self.open()
        entry = companion.journal().record(mood(note="zanzibar", words=["zanzibar"]))
        read = companion.journal().entry(entry)
        version = companion.journal().versions(entry)[0]
        for record in (read, read.mood, version, moment(), core.Sleep(hours=3)):
            for printed in (str(record), repr(record), f"{record}"):
                self.assertNotIn("zanzibar", printed)
                self.assertNotIn("Berlin", printed)
