"""Questions about more runs than a page has: columns are read by SQL, and kept while they hold."""
