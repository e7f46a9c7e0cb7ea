"""The emulated cloud, the company in it and the engine of last resort."""
