"""The app: released data and public geography as pages; nothing here can open a vault."""
