"""Server errors that visitors met and probes did not: from access logs and from servers that report their own."""
