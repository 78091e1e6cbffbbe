"""What the product is measured against: the least code that does a comparable job, each in one file."""
