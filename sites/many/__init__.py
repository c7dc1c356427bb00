"""Many sites at once: chosen, changed, changed back, exported, and kept in the bin for a week."""
