"""Housekeeping: what waited elsewhere goes into the pipeline, and what is too old is deleted in small batches."""
