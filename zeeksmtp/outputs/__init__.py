"""The forms a report can take: one file each; they know the `Report` and nothing else."""
