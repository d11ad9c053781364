"""The pages: a route, a context and a template for each."""
