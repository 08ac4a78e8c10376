"""The surface is what was agreed on: its text is committed, and a change of it shows."""

import difflib
import os
import pathlib
import unittest

COMMITTED = pathlib.Path(__file__).parents[2] / "bindings" / "surface.txt"
MOST_METHODS = 20


class Surface(unittest.TestCase):
    def setUp(self):
        self.built = pathlib.Path(os.environ["COMPANION_BINDINGS"], "surface.txt").read_text("utf-8")

    def test_it_is_the_committed_one(self):
        committed = COMMITTED.read_text("utf-8")
        diff = difflib.unified_diff(
            committed.splitlines(), self.built.splitlines(), "committed", "built", lineterm=""
        )
        self.assertEqual(
            committed,
            self.built,
            "the surface changed; if that is meant, copy the built one over surface.txt:\n"
            + "\n".join(diff),
        )

    def test_nothing_is_async(self):
        # An async foreign trait crashes Swift 6's compiler, and no platform passes its cancelling on.
        self.assertNotIn("async", self.built)

    def test_no_object_grows_into_a_facade(self):
        objects = [
            line.split()[1] for line in self.built.splitlines() if line.startswith("object ")
        ]
        self.assertTrue(objects)
        for name in objects:
            methods = [l for l in self.built.splitlines() if l.startswith(f"{name}.")]
            self.assertLessEqual(len(methods), MOST_METHODS, name)
