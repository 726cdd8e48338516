"""The script Streamlit runs: which pages there are. A page is one file here and one row of PAGES."""

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from pages.parts.shared import first_page


class Page(NamedTuple):
    """One row of PAGES; `icon` is the name of a material symbol."""

    file: str
    title: str
    icon: str

    @property
    def path(self) -> str:
        """Its address below the dashboard's."""
        return self.file.removesuffix(".py").replace("_", "-")


PAGES = (
    Page("draw.py", "Draw", "draw"),
    Page("your_hand.py", "Your hand", "gesture"),
    Page("train.py", "Train", "model_training"),
    Page("runs.py", "Runs", "table_rows"),
    Page("evaluate.py", "Evaluate", "fact_check"),
    Page("reconstruct.py", "Reconstruct", "compare"),
    Page("latent_space.py", "Latent space", "scatter_plot"),
)  # the first is shown where the address names none
_FOLDER = Path(__file__).resolve().parent  # absolute, so that the pages are found from wherever the server was started

if __name__ == "__main__":  # not where a test asks which pages there are
    chosen = st.navigation(
        [
            st.Page(
                _FOLDER / page.file,
                title=page.title,
                icon=f":material/{page.icon}:",
                url_path=page.path,
                default=page == PAGES[0],
            )
            for page in PAGES
        ],
        position="top",
    )
    # A file of ours: the icon of a material symbol would be fetched from a server elsewhere.
    icon = _FOLDER / "parts" / "icon.png"
    st.set_page_config(page_title=f"{chosen.title} \N{MIDDLE DOT} Digit Lab", page_icon=icon, layout="wide")
    chosen.run()
    first_page.sent.set()
