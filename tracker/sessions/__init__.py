"""Sessions: ended when no hit came for a while."""
