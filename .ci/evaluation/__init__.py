"""How right the detectors are: simulated sites and recorded traffic against their truth, beside the rules of today."""
