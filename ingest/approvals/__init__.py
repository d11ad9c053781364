"""The exchange standard: validated cases and steps."""
