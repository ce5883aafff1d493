"""Starts TensorBoard from a program or a notebook, in a process of its own."""
