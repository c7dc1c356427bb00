"""Settings and everything that starts the product. May import anything; nothing imports it."""

import gc

# Every command and process begins by loading some thousand classes and patterns that stay for its whole life. By default Python would
# look through them three hundred times meanwhile, in vain, which takes an eighth of the time that a start takes.
gc.set_threshold(10_000, 10, 10)
