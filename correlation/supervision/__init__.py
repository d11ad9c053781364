"""Supervision orders: issued on a case or a card, answered by a unit, closed or returned."""
