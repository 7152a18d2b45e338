"""A projection head on frozen vectors, trained with a triplet loss, judged by other people."""
