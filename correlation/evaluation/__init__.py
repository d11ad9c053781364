"""How well a unit did in a month: what is counted, a formula that is data, and the points that follow."""
