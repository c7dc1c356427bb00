"""What lies below a docroot, as one small list: its format, how it is read from a host, and what two of them differ in."""
