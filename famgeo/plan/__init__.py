"""Barriers in, places to meet out: a choice of sites, its proof, and an independent check."""
