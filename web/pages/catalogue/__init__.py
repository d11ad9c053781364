"""The catalogue of items: what holds, what was said before, drafts, and what they would do."""
