"""Many sites at once: a file is read, recognised, checked row by row, and what is well is stored. Nothing is stored before a yes."""
