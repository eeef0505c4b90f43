"""Two ways to make lists, judged by ear, without knowing which is which."""
