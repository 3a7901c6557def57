"""The pages and the JSON interface, over a small answerer."""
