"""Use cases: the rules, and the only code that commits."""
