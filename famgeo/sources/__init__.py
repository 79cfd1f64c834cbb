"""Bytes in, checked tables out: rosters, schools, assets, streets, timetables, made-up families."""
