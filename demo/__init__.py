"""The demonstration: two recorded sweeps, and a TensorBoard that shows them."""
