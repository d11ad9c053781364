"""A hall that does not exist: cameras, people and an approval platform, with the truth written beside them."""
