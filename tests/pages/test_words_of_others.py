"""Words of others (a run's name, a note, an exception) reach Streamlit's Markdown and HTML in one way only, escaped."""

import ast
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.ink.collection import drawings
from core.latent.maps import MAPS
from core.measures.predictions import PREDICTIONS
from core.runs.run import Run
from core.runs.store import RunStore
from pages.parts.shared.style import plain
from tests.conftest import ROOT, compute, page_at, page_of_site, sound
from tests.pages.conftest import field

HOSTILE = "*<b>x</b>* [l](http://e.vil) $x$ :red[y]"
SHOWS = {"caption", "markdown", "error", "warning", "info", "success", "toast", "write", "subheader", "header", "badge"}
NUMBERS = {"len", "sum", "round", "roughly"}
FREE = {"name", "note", "hand", "message"}
MAKES_HTML = {"pages/parts/shared", "pages/parts/train/augment_form.py"}


class Scope:
    """What is known about the names of one function: what is assigned to each, nothing of its parameters."""

    def __init__(self, function: ast.AST) -> None:
        self.given: dict[str, list[ast.expr]] = {}
        self.handed = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    self._bind(target, node.value)
            elif isinstance(node, ast.For | ast.comprehension) and isinstance(node.iter, ast.Tuple | ast.List):
                for value in node.iter.elts:
                    self._bind(node.target, value)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.given.setdefault(target.id, []).append(value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, part in zip(target.elts, value.elts, strict=False):
                self._bind(one, part)

    def ours(self, node: ast.expr | None) -> bool:
        """Whether what an expression gives is written in our own code, or a number, or escaped."""
        match node:
            case ast.Constant():
                return True
            case ast.JoinedStr(values=values):
                return all(map(self.ours, values))
            case ast.FormattedValue(value=value, format_spec=ast.JoinedStr(values=[ast.Constant(value=spec)])):
                return self.ours(value) or re.search(r"[,%defg]$", str(spec)) is not None  # a number, or it raises
            case ast.FormattedValue(value=value):
                return self.ours(value)
            case ast.IfExp(body=body, orelse=other):
                return self.ours(body) and self.ours(other)
            case ast.BoolOp(values=values):
                return all(map(self.ours, values))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.ours(left) and self.ours(right)
            case ast.BinOp(left=left, op=ast.Mult()):
                return self.ours(left)
            case ast.BinOp(op=ast.Sub()):
                return True
            case ast.Call(func=ast.Name(id="count"), args=[_, what]):
                return self.ours(what)
            case ast.Call(func=ast.Name(id=name)):
                return name == "plain" or name in NUMBERS
            case ast.Call(func=ast.Attribute(value=value, attr="replace"), args=args):
                return self.ours(value) and all(map(self.ours, args))
            case ast.Name(id=name):
                return name.isupper() or (
                    name in self.given.keys() - self.handed and all(map(self.ours, self.given[name]))
                )
            case ast.Subscript(value=value) | ast.Attribute(value=value, attr="title" | "blurb" | "help"):
                return isinstance(value, ast.Name | ast.Subscript) and self.ours(value)
        return False


def calls(tree: ast.AST) -> Iterator[tuple[Scope, ast.Call]]:
    """The calls of methods in each outermost function, and those outside of any."""
    inner: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Module) and node not in inner:
            parts = [part for part in ast.walk(node) if part is not node]
            if isinstance(node, ast.FunctionDef):
                inner.update(parts)
            else:
                parts = [part for one in node.body if not isinstance(one, ast.FunctionDef | ast.ClassDef)
                         for part in ast.walk(one)]  # fmt: skip
            scope = Scope(node)
            yield from (
                (scope, one) for one in parts if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)
            )


def free(node: ast.AST) -> bool:
    """Whether an expression holds a name, a note or an exception that is not escaped."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "plain":
        return False
    if isinstance(node, ast.Attribute) and node.attr in FREE:
        return True
    if isinstance(node, ast.Name) and node.id in ("error", "exception"):
        return True
    return not isinstance(node, ast.Lambda) and any(map(free, ast.iter_child_nodes(node)))


def faults(source: str, html: bool = False) -> list[int]:
    """The lines where words of others go to Streamlit as they are; html: whether the file may put HTML together."""
    found = []
    for scope, call in calls(ast.parse(source)):
        assert isinstance(call.func, ast.Attribute)
        name, first = call.func.attr, call.args[0] if call.args else None
        on_streamlit = isinstance(call.func.value, ast.Name) and call.func.value.id == "st"
        words = {k.arg: k.value for k in call.keywords if k.arg in ("help", "text", "label", "body")}
        labels = [*([first] if first is not None and on_streamlit and name != "html" else []), *words.values()]
        texts = (
            [first] if name in SHOWS else [words["text"]] if name in ("progress", "spinner") and "text" in words else []
        )
        texts += [words["body"]] if name in SHOWS and "body" in words else []
        raw = any(k.arg == "unsafe_allow_html" for k in call.keywords)
        if name == "html" and on_streamlit and not html:
            made = isinstance(first, ast.Call) and isinstance(first.func, ast.Name) and first.func.id.endswith("_html")
            raw = raw or not (made or scope.ours(first))
        if (
            raw
            or not all(scope.ours(text) for text in texts if text is not None)
            or (on_streamlit and any(map(free, labels)))
        ):
            found.append(call.lineno)
    return found


def sources() -> list[Path]:
    return [path for path in sorted((ROOT / "pages").rglob("*.py")) if path.name != "style.py"]


def test_no_page_shows_words_of_others_as_they_are() -> None:
    wrong = []
    for path in sources():
        place = path.relative_to(ROOT).as_posix()
        html = any(place.startswith(one) for one in MAKES_HTML)
        wrong += [f"{place}:{line}" for line in faults(path.read_text(encoding="utf-8"), html)]
    assert not wrong, "Show these with say, warn or guarded of pages/parts/shared/style.py, or escape them with plain"


@pytest.mark.parametrize(
    "line",
    [
        "st.error(str(error))", "st.caption(error)", "st.caption(run.name)", "st.markdown(f'Deleted {run.name}.')",
        "st.caption('Of ' + note)", "st.caption(f'{count} of {title}')", "words.caption(text)", "st.write(run.note)",
        "st.toast(plain(a) + b)", "st.progress(0.5, text=f'{run.name}: {doing}')", "st.html(f'<p>{run.name}</p>')",
        "st.button(run.name)", "st.toggle('On', help=run.note)", "st.button(f'Stop {error}')", "st.caption(body=text)",
        "st.markdown('x', unsafe_allow_html=True)", "st.popover(f'About {run.name}')", "st.caption(titles[name])",
        "made = run.name\nst.caption(f'{made}!')", "def f(text):\n    text = text or 'x'\n    st.caption(text)",
    ],
)  # fmt: skip
def test_a_page_that_did_is_noticed(line: str) -> None:
    assert faults(line)


@pytest.mark.parametrize(
    "line",
    [
        "st.caption('All are equal.')", "say(error)", "st.caption(plain(text))", "st.caption(f'{share:.1%} of it')",
        "st.markdown(f'**{count:,}** by {plain(name)}')", "st.caption(LATE if late else plain(text))", "st.html(_CSS)",
        "st.html(mix_html(shares))", "st.caption(TITLES[name])", "text = 'a' if x else 'b'\nst.caption(f'{text}.')",
        "st.progress(0.5, text=f'{plain(title)}')", "st.selectbox('Run', names)", "st.caption(DATASETS[name].title)",
    ],
)  # fmt: skip
def test_what_is_ours_or_escaped_passes(line: str) -> None:
    assert not faults(line)


def text_of(at: AppTest) -> str:
    """What a page gives to Markdown, each piece in a line."""
    kinds = (at.title, at.markdown, at.caption, at.error, at.warning, at.info, at.header)
    progress = [element.proto.text for element in at.get("progress")]
    return "\n".join([*(element.value for kind in kinds for element in kind), *progress])


def check(at: AppTest) -> AppTest:
    """Fail where the hostile name is markup in Markdown or HTML; it must be somewhere, as it is.

    What components of our own are sent, they show as text.
    """
    html = "\n".join(element.proto.body for element in at.get("html"))
    markdown = text_of(sound(at))
    for mark in ("<b>x", "[l](", "http://e", " $x$", ":red[", "*<"):
        assert mark not in markdown
    assert "<b>x" not in html
    sent = "".join(element.proto.json for element in at.get("bidi_component"))
    assert plain(HOSTILE) in markdown or escape(HOSTILE) in html or HOSTILE in sent
    return at


@pytest.fixture
def hostile(trained: Any, submitted: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Run, Run]:
    """A classifier and an autoencoder whose names and notes are markup."""
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path / "data"))
    runs = trained(), trained("autoencoder", params={"hidden": 32, "code_size": 8}, epochs=1)
    for run in runs:
        run.rename(HOSTILE)
        run.annotate(HOSTILE)
    return runs


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("draw", {"show": "Steps"}), ("train", {}), ("runs", {}), ("reconstruct", {}), ("latent_space", {}),
        ("latent_space", {"do": "samples"}), ("latent_space", {"do": "trust"}), ("your_hand", {}),
        ("evaluate", {}), ("evaluate", {"part": "confusion", "true": "4", "read": "4"}),
        ("evaluate", {"part": "thresholds", "class": "8"}), ("evaluate", {"part": "calibration"}),
        ("evaluate", {"part": "compare"}), ("evaluate", {"part": "digits"}),
    ],
)  # fmt: skip
def test_a_hostile_name_is_shown_as_it_is(hostile: tuple[Run, Run], page: str, query: dict[str, str]) -> None:
    classifier, autoencoder = hostile
    compute(MAPS, autoencoder, "pca", "test")
    compute(PREDICTIONS, classifier, "test")
    strokes = [np.array([[0.1, 0.1], [0.5, 0.9]])]
    drawings().add(strokes, 0.08, 1, HOSTILE)
    run = autoencoder if page in ("reconstruct", "latent_space") else classifier
    check(page_at("draw", run=run.id, **query) if page == "draw" else page_of_site(page, run=run.id, **query))


def test_a_hostile_run_is_deleted_and_compared_by_its_name(hostile: tuple[Run, Run]) -> None:
    at = check(page_of_site("runs", run=",".join(run.id for run in hostile)))
    at.session_state["runs-by-hand"] = {run.id for run in hostile}
    at.run()
    at.button(key="runs-delete").click()
    assert plain(f"Delete 2 runs? {HOSTILE} and {HOSTILE}.") in text_of(check(at.run()))
    at.button(key="runs-delete-many-yes").click()
    text = text_of(check(at.run()))
    assert f"Deleted {plain(f'{HOSTILE} and {HOSTILE}')}." in text
    (erase, _) = (button for button in at.button if button.label == "Delete for good")
    assert text.count(plain(HOSTILE)) > 2  # and in the trash
    erase.click()
    assert plain(f"Delete {HOSTILE} for good? Nobody can restore it then.") in text_of(check(at.run()))


def test_a_hostile_exception_is_shown_as_it_is(runs: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError(HOSTILE)

    monkeypatch.setattr(RunStore, "create", refuse)
    at = page_of_site("train")
    at.session_state[field(at, "dataset").key] = "digits"
    at.button(key="train").click()
    check(at.run())


@pytest.mark.parametrize(
    "text",
    ["http://e.vil", "https://e.vil", "www.e.vil", "a@b.cd", ":material/delete:", "a -> b", "a -- b"],
)
def test_what_streamlit_finds_in_escaped_text_is_parted(text: str) -> None:
    assert plain(text).replace("\\", "").replace("\u2060", "") == text
    assert text not in plain(text).replace("\\", "")


@pytest.mark.parametrize(
    "text", ["- a", "+ a", "1. a", "12) a", "    code", "a\n===", "a\n---", "# a", "&copy;", "> a"]
)
def test_nothing_begins_a_block_or_an_entity(text: str) -> None:
    for line in plain(text).splitlines()[-1:]:
        assert re.match(r"\d*\\", line) or line == "code"
