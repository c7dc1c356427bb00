"""A new password file, made with what a person types: kept hashed until it is written."""
