"""What the core needs from outside, as Protocols; drivers and adapters satisfy them."""
