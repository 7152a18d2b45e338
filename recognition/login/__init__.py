"""People log in by face or by password, and look after what is kept about them."""
