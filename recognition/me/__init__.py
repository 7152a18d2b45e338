"""What a person sees and decides about themselves."""
