"""From a question to an Answer. Knows no request and no HTML."""
