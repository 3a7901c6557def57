"""Nightlight: verbatim, attributed answers about babies' movements from a small corpus of articles."""

__version__ = "0.1.0"
