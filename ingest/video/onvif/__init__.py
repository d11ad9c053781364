"""Finds ONVIF cameras in the network and asks them for their streams. Only this package knows the library for it."""
