"""The app: its pages, listed across the top."""

import streamlit as st

from famgeo.ui import people

st.set_page_config(page_title="famgeo", layout="wide", initial_sidebar_state="collapsed")
st.navigation(people.pages(), position="top").run()
