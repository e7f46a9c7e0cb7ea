"""The checkout itself: what is made, checked and shipped."""
