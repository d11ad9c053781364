"""Routes for programs, and the forms of signing in and out."""
