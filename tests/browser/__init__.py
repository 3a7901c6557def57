"""Journeys of parents and staff in a real browser."""
