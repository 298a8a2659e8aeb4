"""The detectors: one file each; the file's name with `-` for `_` is the id."""
