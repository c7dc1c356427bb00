"""What an application's settings say, read and never executed: PHP's `define`, variables and arrays, and `.env` files."""
