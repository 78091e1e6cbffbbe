"""The months that must exist: looked at again and again, and made before a hit needs them."""
