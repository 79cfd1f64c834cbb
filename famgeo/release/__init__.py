"""From exact to safe to show: home areas, rounded counts, and the gate they leave by."""
