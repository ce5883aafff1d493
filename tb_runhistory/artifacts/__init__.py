"""Large contents, stored by what they are: under the digest of their bytes."""
