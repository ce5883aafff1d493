"""What the project promises in figures, measured beside its peers: ``write.py`` records, ``read.py`` views."""
