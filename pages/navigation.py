"""The script Streamlit runs: which pages there are. A page is one file here and one row below."""

from pathlib import Path

import streamlit as st

from pages.parts.shared import first_page

_FOLDER = Path(__file__).resolve().parent  # absolute, so that the pages are found from wherever the server was started

# A file of ours: the icon of a material symbol would be fetched from a server elsewhere.
st.set_page_config(page_title="Digit Lab", page_icon=_FOLDER / "parts" / "icon.png", layout="wide")

st.navigation(
    [
        st.Page(_FOLDER / "draw.py", title="Draw", icon=":material/draw:", default=True),
        st.Page(_FOLDER / "your_hand.py", title="Your hand", icon=":material/gesture:", url_path="your-hand"),
        st.Page(_FOLDER / "train.py", title="Train", icon=":material/model_training:"),
        st.Page(_FOLDER / "runs.py", title="Runs", icon=":material/table_rows:"),
        st.Page(_FOLDER / "reconstruct.py", title="Reconstruct", icon=":material/compare:"),
        st.Page(
            _FOLDER / "latent_space.py", title="Latent space", icon=":material/scatter_plot:", url_path="latent-space"
        ),
    ],
    position="top",
).run()

first_page.sent.set()
