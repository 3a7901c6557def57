"""index/ on disk: everything that is built and stored."""
