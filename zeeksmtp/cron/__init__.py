"""One scheduled pass: new files in, new findings out, all of it or nothing."""
