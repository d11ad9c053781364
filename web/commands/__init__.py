"""The commands of `hallwatch`, one file for each."""
