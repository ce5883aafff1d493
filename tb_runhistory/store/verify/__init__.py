"""Reading a whole store and saying what is wrong with it."""
