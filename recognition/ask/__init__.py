"""Staff ask about a face: who is this, is this the one they say?"""
