"""One cause on many sites: repaired on one, and on the others only after it proved good there."""
