"""Tensorboards in processes of their own: what they show, to whom, and how they end."""
