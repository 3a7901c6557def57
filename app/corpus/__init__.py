"""corpus/ on disk: text in, passages out. Pure but for `catalog` and `importers`."""
