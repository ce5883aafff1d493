"""The run-history store: the interfaces in ``base``, and what implements them."""
