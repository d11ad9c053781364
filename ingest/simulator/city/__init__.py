"""A city that does not exist: a year of cases of five districts and the city itself, with what is wrong in them."""
