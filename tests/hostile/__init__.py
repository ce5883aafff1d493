"""Stores that an attacker or an accident made, opened for real."""
