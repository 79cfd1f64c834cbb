"""The app: its pages, listed across the top."""

import streamlit as st

st.set_page_config(page_title="famgeo", layout="wide", initial_sidebar_state="collapsed")
st.navigation([st.Page("pages/explore.py", title="Explore", default=True)], position="top").run()
