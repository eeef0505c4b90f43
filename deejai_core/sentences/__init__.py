"""What a sentence says of how music sounds."""
