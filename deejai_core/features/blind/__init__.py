"""Blind tests: a listener compares two ways to make lists, without knowing which is which."""
