// The ring.
