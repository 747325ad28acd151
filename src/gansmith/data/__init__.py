"""Turns whatever the user points at into one array of samples, an honest report, and endless batches."""
