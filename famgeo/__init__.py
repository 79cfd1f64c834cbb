"""famgeo: who cannot come to the meeting, and where to meet instead."""
