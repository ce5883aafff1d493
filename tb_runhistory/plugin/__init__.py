"""What the stock tensorboard command loads: the flag and the start of the data server."""
