"""A live log directory followed: lines as they are written, findings as they arise.

`folder` and `tail` read new rows; `per_line` runs the detectors that one line is enough for, `periodic` all of them
over the rows that `rolling_lake` keeps; `dedup` decides what to show, `wakeup` when to read; `loop` is the loop.
"""
