"""Nightlight: verbatim, attributed answers about babies' movements from a small corpus of articles."""

import os

# The published onnxruntime reports to Microsoft and leaves a database in the home folder unless it is told
# not to before it is first loaded, by whichever library. The first name counts, the second is announced.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["ORT_TELEMETRY_DISABLED"] = "1"

__version__ = "0.1.0"
