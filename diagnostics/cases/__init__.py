"""A repair as several people work on it: who has it, what they note, what was done by whom, and what the customer is told."""
