"""Where plans are run: the only place that collects."""
