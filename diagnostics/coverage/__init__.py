"""What is still blind: sites whose files, logs or history cannot be seen, and what is done about many of them at once."""
