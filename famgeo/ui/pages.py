"""What every page does first: dress, open the study, and say any fault in plain words."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from famgeo.errors import FamgeoError
from famgeo.settings import Settings
from famgeo.study.study import Study
from famgeo.ui import show, words
from famgeo.ui.opened import opened_study


@contextmanager
def plainly() -> Iterator[Study]:
    """Open the study for a page; a fault becomes one sentence and ends the page.

    A defect of famgeo's own does so too; ``FAMGEO_DEBUG`` prints its details on the terminal.
    """
    show.style()
    try:
        study = opened_study()
        if study is None:
            show.opening("famgeo", words.NO_STUDY)
            show.first_steps()
            st.stop()
        yield study
    except FamgeoError as error:
        show.trouble(str(error))
        st.stop()
    except Exception as error:  # noqa: BLE001 - whatever it is, a reader sees one plain sentence
        if Settings().debug:
            traceback.print_exception(error)
        show.trouble(words.DEFECT.format(type(error).__name__))
        st.stop()
