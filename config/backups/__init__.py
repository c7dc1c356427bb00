"""All of the product's own state in one sealed file: database, keys, mails, evidence. Independent of the database engine."""
