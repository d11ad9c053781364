"""Pages of administration: every section has a list and a form, and saves through the same functions as the API."""
