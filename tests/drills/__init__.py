"""What must survive, with figures: each drill is an ordinary test of few rounds, and of many by ``make faults``."""
