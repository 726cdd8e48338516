"""core/untrusted.py: of the text of strangers, what can be seen is what is left."""

import json

import pytest

from core.ink.collection import DrawingSet
from core.ink.drawing import checked_hand
from core.runs.run import Run
from core.runs.store import RunStore
from core.untrusted import plain, plain_lines
from tests.conftest import small

HIDDEN = [
    *map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)),  # reverse writing
    *map(chr, (0x200B, 0x200C, 0x200D, 0xFEFF, *range(0x2060, 0x2065), 0x00AD, 0x034F)),  # of no width
    *map(chr, (0x2800, 0x3164, 0x115F, 0x1160, 0xFFA0, 0x17B4, 0x180E, 0xFE00, 0xE0100, 0x1D159, 0x16FE4)),  # blank
    *map(chr, (0x00A0, 0x2003, 0x3000, 0x2028, 0x2029, 0x85, 0x00, 0x1B, 0xD800, 0xE0041, 0xFFF9, 0xE000)),
]
of_each_hidden = pytest.mark.parametrize("hidden", HIDDEN, ids=lambda c: f"U+{ord(c):04X}")


@of_each_hidden
def test_what_cannot_be_seen_or_reverses_writing_does_not_get_through(hidden: str) -> None:
    assert plain(f"{hidden}a{hidden}b{hidden}{hidden}") == "a b"
    assert plain_lines(f"{hidden}a{hidden}\n\n{hidden}b").split() == ["a", "b"]
    for nothing in (hidden, hidden * 9, f" {hidden} ", f"{hidden}\ufe0f", "\u0301\ufe0f"):
        assert plain(nothing) == plain_lines(nothing) == ""


@pytest.mark.parametrize(
    "text", ["e\u0301t\u00e9", "\u05e9\u05dc\u05d5\u05dd", "\u2764\ufe0f", "\ud55c\uae00", "7", "🙂", "\u0e01\u0e33"]
)
def test_what_can_be_seen_stays(text: str) -> None:
    assert plain(text) == text


def test_lines_are_as_many_characters_as_may_be_together() -> None:
    assert plain_lines("  a  b \r\n\tc\n" + "\n" * 50, 100) == "a b\nc"
    assert plain_lines("ab\n" * 500, 20) == "\n".join(["ab"] * 7)[:20]


@of_each_hidden
def test_names_of_runs_notes_and_hands_are_what_can_be_seen(runs: RunStore, tmp_path, hidden: str) -> None:
    run = runs.create(small(), f"My{hidden}run{hidden}")
    assert run.name == "My run"
    run.rename(f"{hidden}Another{hidden}name")
    run.annotate(f"One{hidden} line\nand{hidden}one")
    assert (run.name, run.note.replace("\n", " ").split()) == ("Another name", ["One", "line", "and", "one"])
    with pytest.raises(ValueError, match="A run needs a name"):
        run.rename(f" {hidden}")
    assert runs.create(small(), hidden).name == runs.create(small()).name
    facts = json.loads((run.folder / "config.json").read_text())
    for name, seen in ((f"Foreign{hidden}", "Foreign"), (hidden, "Softmax regression")):
        (run.folder / "config.json").write_text(json.dumps(facts | {"name": name, "note": hidden}))
        assert (Run(run.folder).name, Run(run.folder).note) == (seen, "")
    assert checked_hand(f"Ada{hidden}") == "Ada"
    saved = DrawingSet(tmp_path / "drawings.jsonl")
    line = {"label": 3, "hand": f"{hidden}Ada{hidden}L", "strokes": [[[0.1, 0.2], [0.5, 0.9]]]}
    (drawing,) = saved.import_lines(json.dumps(line).encode()).added
    assert drawing.hand == saved.all()[0].hand == "Ada L"
