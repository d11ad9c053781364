"""Alembic's environment; run through storage.migrate."""
