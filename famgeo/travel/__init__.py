"""Tables in, minutes out: streets, timetables, and the best trips there and home."""
