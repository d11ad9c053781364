"""The catalogue of items: which version holds for a case, what a change of it changes, and who decides on it."""
