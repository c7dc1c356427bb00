"""The database of a site in the guided repair: the right login, dumps, what is put back, and tables that are repaired."""
