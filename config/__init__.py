"""Settings and everything that starts the product. May import anything; nothing imports it."""
