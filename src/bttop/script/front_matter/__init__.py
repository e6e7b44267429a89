"""Front matter: what a probe file says about itself, its parameters and its maps."""
