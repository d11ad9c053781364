"""What is kept: tables, the object store, footage, secrets."""
