"""Opening, closing, keys, and what is told apart when a vault doesn't open."""

import os
import pathlib

import companion_ffi as core
from support import MORNING, CompanionTestCase, MemoryKeyStore, mood


class Opening(CompanionTestCase):
    def test_a_new_vault_gets_a_key_of_32_bytes_once(self):
        self.open()
        self.assertEqual(self.keys.saved, 1)
        self.assertEqual(len(self.keys.key), 32)

    def test_two_vaults_have_different_keys(self):
        self.open()
        other = MemoryKeyStore()
        core.PatientCompanion.open(core.Config(dir=os.path.join(self.dir, "other")), other)
        self.assertNotEqual(self.keys.key, other.key)

    def test_what_was_recorded_is_there_after_opening_again(self):
        companion = self.open()
        entry = companion.journal().record(mood(note="kept"))
        del companion
        self.assertEqual(self.open().journal().entry(entry).mood.note, "kept")
        self.assertEqual(self.keys.saved, 1, "opening again makes no new key")

    def test_the_patient_stays_the_same_after_opening_again(self):
        first = self.open().sync().patient()
        self.assertEqual(self.open().sync().patient(), first)
        self.assertRegex(first, "^[0-9a-f]{64}$")

    def test_no_word_is_in_the_files(self):
        companion = self.open()
        companion.journal().record(mood(note="zanzibarquartz", words=["zanzibarword"]))
        del companion
        found = [p for p in pathlib.Path(self.dir).rglob("*") if p.is_file()]
        self.assertTrue(found)
        for path in found:
            self.assertNotIn(b"zanzibar", path.read_bytes(), path.name)


class Refusals(CompanionTestCase):
    def test_another_key(self):
        companion = self.open()
        entry = companion.journal().record(mood())
        del companion
        wrong = MemoryKeyStore(bytes(32))
        self.assert_problem(core.ProblemKind.LOCKED, "wrong-passphrase", self.open, wrong)
        self.assertIsNotNone(self.open().journal().entry(entry), "the right key still opens it")

    def test_a_key_of_another_length(self):
        problem = self.assert_problem(
            core.ProblemKind.STORAGE, "key-store", self.open, MemoryKeyStore(b"short")
        )
        self.assertNotIn("short", repr(problem))

    def test_a_store_that_is_not_available(self):
        class Locked(MemoryKeyStore):
            def load(self):
                raise core.KeyStoreError.Unavailable()

        self.assert_problem(core.ProblemKind.STORAGE, "key-store", self.open, Locked())

    def test_a_store_that_fails_otherwise_says_nothing_of_it(self):
        class Broken(MemoryKeyStore):
            def load(self):
                raise RuntimeError("a secret of the platform")

        problem = self.assert_problem(core.ProblemKind.STORAGE, "key-store", self.open, Broken())
        self.assertNotIn("secret", repr(problem))

    def test_a_key_that_could_not_be_kept_leaves_no_vault(self):
        class Full(MemoryKeyStore):
            def save(self, key):
                raise core.KeyStoreError.Unavailable()

        self.assert_problem(core.ProblemKind.STORAGE, "key-store", self.open, Full())
        self.open().journal().record(mood())

    def test_a_second_opener(self):
        companion = self.open()
        problem = self.assert_problem(core.ProblemKind.CONFLICT, "vault-in-use", self.open)
        self.assertTrue(problem.retry)
        del companion
        self.open()

    def test_a_file_in_the_way(self):
        path = os.path.join(self.dir, "file")
        pathlib.Path(path).write_text("in the way", encoding="utf-8")
        with self.assertRaises(core.Problem.Failed) as caught:
            core.PatientCompanion.open(core.Config(dir=path), self.keys)
        self.assertEqual(caught.exception.kind, core.ProblemKind.STORAGE)


class Damage(CompanionTestCase):
    def filled(self, entries=50):
        companion = self.open()
        for _ in range(entries):
            companion.journal().record(mood(note="x" * 2000))
        patient = companion.sync().patient()
        del companion
        self.database = pathlib.Path(self.dir, "vault.db")
        return patient

    def test_a_vault_that_was_never_damaged_says_nothing(self):
        self.filled(1)
        self.assertIsNone(self.open().mended())

    def test_damage_at_opening_is_mended_at_once_and_told(self):
        patient = self.filled()
        whole = self.database.read_bytes()
        bent = bytes(4096) + whole[4096:]
        self.database.write_bytes(bent)
        companion = self.open()
        self.assertEqual(companion.journal().count(), 50)
        self.assertEqual(companion.sync().patient(), patient)
        mended = companion.mended()
        self.assertEqual(pathlib.Path(mended.aside, "vault.db").read_bytes(), bent)
        self.assertTrue(mended.identity and mended.unreadable)
        self.assertEqual(mended.salvaged, 50)
        self.assertIsNone(mended.filled)
        self.assertFalse(mended.told)
        companion.mended_told()
        self.assertTrue(companion.mended().told)
        del companion
        self.assertTrue(self.open().mended().told, "it is kept")

    def test_damage_that_shows_in_reading_is_mended_when_it_is_asked_for(self):
        self.filled()
        whole = self.database.read_bytes()
        # In the middle stand entries; what opening reads is at both ends.
        middle, some = len(whole) // 2 // 4096 * 4096, 8 * 4096
        bent = whole[:middle] + bytes(some) + whole[middle + some:]
        self.database.write_bytes(bent)
        read_all = lambda: self.open().journal().entries(MORNING, MORNING + 1, 100)
        self.assert_problem(core.ProblemKind.STORAGE, "vault-damaged", read_all)
        companion = core.PatientCompanion.mend(core.Config(dir=self.dir), self.keys)
        self.assertTrue(companion.mended().unreadable)
        left = companion.journal().entries(MORNING, MORNING + 1, 100)
        self.assertTrue(0 < len(left) < 50)
        companion.journal().record(mood(note="on"))

    def test_another_key_mends_nothing(self):
        self.filled()
        bent = bytes(4096) + self.database.read_bytes()[4096:]
        self.database.write_bytes(bent)
        wrong = MemoryKeyStore(bytes(32))
        self.assert_problem(core.ProblemKind.LOCKED, "wrong-passphrase", self.open, wrong)
        self.assertEqual(self.database.read_bytes(), bent)
        self.assertEqual(self.open().journal().count(), 50)
