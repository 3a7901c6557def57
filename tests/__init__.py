"""Tests mirror app/; what several of them share is imported from here."""
