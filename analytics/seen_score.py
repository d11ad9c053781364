"""How sure a detector must be that somebody is there; for whoever names it without loading what looks."""

SEEN_SCORE = 0.35
"""From this score on somebody counts as seen: missed 0 of 305 and invented 0 of 465 on crops of the labelled clips."""
