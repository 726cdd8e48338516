"""The parts of the Latent space page."""
