"""The failing answer, as text and as a picture."""
