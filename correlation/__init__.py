"""What it means together: steps, counters and footage."""
