"""What is known of PHP itself: which extension brings a function, class or constant, and since or until which version PHP has it."""
