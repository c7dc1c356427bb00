"""Which repairs a site's owner allows without a person: what is held, and what is typed."""
