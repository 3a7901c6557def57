"""corpus/ on disk: text in, passages out. Pure but for `catalog`, `importers`, `printed` and `intake`."""
