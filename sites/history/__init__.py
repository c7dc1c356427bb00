"""What is kept of the past, how it is summed up, and how the pages read it."""
