"""A live log directory followed: lines as they come, findings as they arise.

`folder` and `tail` give new rows, `instant` judges what one line can prove, `rounds` what takes counts, over the rows
that `window` keeps; `news` says which finding is new; `waking` when to look; `watching` is the loop.
"""
