"""The panels of hosts: what they tell of a hosting by their own API, and what can be changed through them."""
