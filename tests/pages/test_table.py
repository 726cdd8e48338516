"""The small table of the pages: what is in it is text, and its heads are heads for people who do not see it, too."""

import re

from streamlit.testing.v1 import AppTest

from pages.parts.shared.run_mark import RunMark, picture
from tests.conftest import sound


def shown() -> str:
    """The HTML of a table with all that a cell can have, without its style."""

    def script() -> None:
        from pages.parts.shared.run_mark import RunMark
        from pages.parts.shared.table import Cell, table

        rows = [
            [Cell("<b>net</b>", "a & b", RunMark("#123456", "▲", "triangle-up")), "1 < 2", Cell("50 %", bar=0.5)],
            [Cell("gone"), Cell("It cannot be used.", columns=2)],
            ["best", Cell("9", bold=True), Cell("most", bar=7.0)],
        ]
        table(rows, ["Run", "Share", "Bar"], name="mine", label="Shares of 'them'", look="wide")

    (html,) = [element.proto.body for element in sound(AppTest.from_function(script).run()).get("html")]
    return re.sub(r"<style>.*?</style>", "", html, flags=re.S)


def test_cells_are_text() -> None:
    assert "&lt;b&gt;net&lt;/b&gt;<small>a &amp; b</small>" in shown()
    assert "<td>1 &lt; 2</td>" in shown()
    assert "<td><b>9</b></td>" in shown()


def test_every_column_and_row_has_a_head_with_a_name() -> None:
    heads = re.findall(r"<th scope='(\w+)'>(.*?)</th>", shown())
    assert [scope for scope, _ in heads] == ["col"] * 3 + ["row"] * 3
    assert all(re.sub("<.*?>", "", text) for _, text in heads)
    assert shown().count("<th") == len(heads) + shown().count("<thead")


def test_it_scrolls_by_keys_under_a_name() -> None:
    assert "<div class='mine' role='region' aria-label='Shares of &#x27;them&#x27;' tabindex='0'>" in shown()


def test_no_row_is_cut_off_where_words_stand_below() -> None:
    def script() -> None:
        from pages.parts.shared.table import table

        table([["Seed", "1"]], name="mine", label="All", look="words")

    (html,) = [element.proto.body for element in sound(AppTest.from_function(script).run()).get("html")]
    assert "height:" not in html.replace("line-height:", "").replace("height: 9px", "")


def test_a_bar_is_no_longer_than_its_place() -> None:
    assert re.findall(r"--share:(.*?)%", shown()) == ["50.0", "100.0"]


def test_a_mark_is_not_read_out_and_is_a_picture_where_no_text_is() -> None:
    mark = RunMark("#123456", "▲", "triangle-up")
    assert f'aria-hidden="true">{mark.glyph}</i>&lt;b' in shown()
    assert "%23123456" in picture(mark)
