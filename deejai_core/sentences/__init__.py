"""What a sentence says about how music sounds."""
