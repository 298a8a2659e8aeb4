"""One module for each generated page: `PAGE` is its file name, `page()` gives its text."""
