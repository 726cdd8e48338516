"""Your hand: the saved drawings, how each run reads them, and a copy of a run that learns from them."""

import streamlit as st

from core.ink.collection import drawings
from core.ink.drawing import MAX_HAND, Drawing, held_out
from core.runs.run import Run
from pages.parts.drawings.files import export_drawings, import_drawings, import_report
from pages.parts.drawings.gallery import gallery
from pages.parts.drawings.learn_form import learn_form
from pages.parts.drawings.learn_result import before_after
from pages.parts.drawings.readings import live_readings, readers
from pages.parts.shared.run_controls import COMPACT
from pages.parts.shared.style import page_header, plain, say, warn
from pages.parts.shared.trash import Trash, trash_list, undo_bar

_ROOM = "<style>.stMainBlockContainer h2 { padding-bottom: 0.45rem; }</style>"  # what follows a heading here is a field
_FIRST_STEPS = {
    "1. Draw": "Draw a digit on the page Draw and press, beside “This is a”, which it is: it is saved here. A file "
    "of drawings can be imported, too.",
    "2. Compare": "See how many of the drawings each model reads right, and which of them it misreads.",
    "3. Learn": "Let a copy of a model learn from them. A fifth of them is kept aside, to tell whether it helped.",
}
EVERY_S = 1.0  # between two looks whether somebody saved a drawing

page_header("Your hand", "See how each model reads your saved drawings, and let one learn from them.")
st.html(COMPACT + _ROOM)


def whose_hand() -> None:
    """The name that new drawings get; a key of its own in the session, so that it outlives this page."""
    state = st.session_state
    state["hand"] = st.text_input(
        "Whose hand",
        state.get("hand", ""),
        max_chars=MAX_HAND,
        key="hand-field",
        placeholder="Whose hand (for new drawings)",
        label_visibility="collapsed",
        width=260,
    ).strip()


def head(everything: tuple[Drawing, ...]) -> None:
    """How many drawings there are, where new ones come from, and the files."""
    trash = Trash("drawings", drawings().trashed(), drawings().restore, drawings().trash.folder.erase)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="hand-head"):
        aside, hands = int(held_out(everything).sum()), len({drawing.hand for drawing in everything})
        count = f"**{len(everything):,} drawing{'s' * (len(everything) != 1)}**"
        by = f" by {hands:,} hands" * (hands > 1)
        st.markdown(f"{count}{by}, {aside:,} kept aside" if everything else "**No drawings yet**", width="content")
        whose_hand()
        if everything:
            st.page_link("draw.py", label="Draw more", icon=":material/draw:")
        import_drawings()
        export_drawings(len(everything))
        trash_list(trash)
    undo_bar(trash)
    import_report()


def body(everything: tuple[Drawing, ...], runs: list[Run]) -> None:
    """The pictures; beside them how they are read and what can be learned; below what learning changed."""
    left, right = st.columns([1.9, 1], gap="large")
    with left:
        st.fragment(gallery, key="hand-gallery")(runs)
    with right:
        live_readings(runs)
        learn_form(runs, everything)
    before_after(everything)


def first_steps() -> None:
    """What this page is for, while there is no drawing yet."""
    for column, (title, text) in zip(st.columns(3, gap="medium", border=True), _FIRST_STEPS.items(), strict=True):
        with column:
            st.markdown(f"**{plain(title)}**")
            say(text)
    st.page_link("draw.py", label="Draw the first digit", icon=":material/draw:")


def version() -> tuple[object, ...]:
    """What changes with the drawings and their trash."""
    return drawings().version(), drawings().trash.folder.version()


def watch(seen: tuple[object, ...]) -> None:
    """Look whether the drawings changed, here or elsewhere, and draw the page again only then."""
    if version() != seen:
        st.rerun()


seen = version()  # before they are read, so that no change after it is missed
try:
    everything = drawings().all()
except ValueError as error:
    warn(error)
    st.stop()
head(everything)
if everything:
    body(everything, readers())
else:
    first_steps()
    before_after(everything)
st.fragment(watch, run_every=EVERY_S, key="hand-watch")(seen)
