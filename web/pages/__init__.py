"""Pages for people: each is a frozen dataclass, served as HTML and as JSON at the same address.

Nothing is imported here: clerks and commands use single modules of it, and all pages take a second to load.
"""
