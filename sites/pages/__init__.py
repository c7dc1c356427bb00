"""Which pages of a site are watched, and which are worth watching."""
