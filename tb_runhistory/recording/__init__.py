"""The recording half: what a training process uses, and the shipper that carries journals to the store."""
