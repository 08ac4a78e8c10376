"""Help before anything else: no vault, no network, no folder."""

import json
import pathlib
import tempfile
import unittest

import companion_ffi as core


def numbers(help_):
    return [
        contact.number
        for line in help_.lines
        for contact in line.contacts
        if isinstance(contact, core.Contact.CALL)
    ]


class Crisis(unittest.TestCase):
    def test_the_lines_of_a_country(self):
        us = core.crisis_help(core.CrisisQuery(country="us", language="en"))
        self.assertEqual(us.country, "US")
        self.assertEqual(us.emergency[0].number, "911")
        self.assertEqual(us.emergency[0].uri, "tel:911")
        first = us.lines[0]
        self.assertEqual(first.name, "988 Suicide & Crisis Lifeline")
        self.assertIsInstance(first.hours, core.Hours.ROUND_THE_CLOCK)
        self.assertEqual(first.contacts[0].number, "988")
        self.assertTrue(first.sources)
        self.assertEqual(us.left_out, [])

    def test_an_audience_comes_first_and_hides_none(self):
        everybody = core.crisis_help(core.CrisisQuery(country="US"))
        veterans = core.crisis_help(core.CrisisQuery(country="US", audience=core.Audience.VETERANS))
        self.assertEqual(veterans.lines[0].audience, core.Audience.VETERANS)
        self.assertEqual(sorted(numbers(veterans)), sorted(numbers(everybody)))

    def test_a_region(self):
        self.assertIn("CA-QC", core.crisis_regions("CA"))
        quebec = core.crisis_help(core.CrisisQuery(country="CA", region="QC"))
        self.assertEqual(quebec.region, "CA-QC")
        self.assertEqual({line.region for line in quebec.lines} - {None}, {"CA-QC"})

    def test_without_a_country_no_number_is_guessed(self):
        for query in (core.CrisisQuery(), core.CrisisQuery(country="'; --")):
            nothing = core.crisis_help(query)
            self.assertEqual((nothing.emergency, nothing.lines), ([], []))
            self.assertEqual(nothing.notes, [core.CrisisNote.NO_COUNTRY])

    def test_what_cannot_be_used_is_named_and_help_given(self):
        us = core.crisis_help(core.CrisisQuery(country="US", region="?", language="!!"))
        self.assertEqual(us.emergency[0].number, "911")
        self.assertEqual(
            sorted(part.code for part in us.left_out), ["crisis-language", "crisis-region"]
        )
        self.assertTrue(all(part.advice for part in us.left_out))

    def test_the_clinics_number_stands_beside_a_closed_vault(self):
        with tempfile.TemporaryDirectory() as folder:
            without = core.crisis_help_beside(folder, core.CrisisQuery(country="DE"))
            self.assertIsNone(without.clinic)
            number = {
                "label": "Duty clinician",
                "country": "DE",
                "call": "030 2222",
                "source": "Dr. Falk",
                "verified_on": "2026-11-20",
            }
            bulletin = {"number": 2, "expires": 0, "numbers": [number]}
            file = {"schema": 1, "clinic": "Clinic", "bulletins": [bulletin]}
            path = pathlib.Path(folder, "crisis-clinic.json")
            path.write_text(json.dumps(file))
            help_ = core.crisis_help_beside(folder, core.CrisisQuery())
            self.assertEqual(help_.country, "DE")
            self.assertEqual((help_.emergency, help_.lines), (without.emergency, without.lines))
            line = help_.clinic.lines[0]
            self.assertEqual(line.contacts[0].number, "030 2222")
            self.assertIsNotNone(line.expired)
            path.write_bytes(b"\xff")
            self.assertIsNone(core.crisis_help_beside(folder, core.CrisisQuery()).clinic)

    def test_countries_for_a_picker(self):
        countries = {country.code: country.name for country in core.crisis_countries()}
        # ISO 3166-1 assigns 249 codes.
        self.assertEqual(len(countries), 249)
        self.assertEqual(countries["NL"], "Netherlands")
        self.assertEqual(core.crisis_regions("ZZ"), [])

    def test_a_query_is_not_printed(self):
        query = core.CrisisQuery(country="US", audience=core.Audience.TRANS)
        for printed in (str(query), repr(query)):
            self.assertNotIn("TRANS", printed.upper().replace("TRANSLAT", ""))
