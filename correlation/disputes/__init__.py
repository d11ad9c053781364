"""Disputes of absences: who may say what, by when, and what an absence counts for."""
