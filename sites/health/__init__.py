"""Whether the watching itself is well: signs of life, our own line, and the alarm outside."""
