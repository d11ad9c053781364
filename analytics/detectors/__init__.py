"""One file for each detector runtime."""
