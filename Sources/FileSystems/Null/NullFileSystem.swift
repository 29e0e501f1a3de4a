// Null.
