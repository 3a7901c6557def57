"""One generation on many machines: cut into shards, asked over Ray. Only retrieval moves."""
