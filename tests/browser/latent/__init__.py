"""Journeys over the maps of latent space."""
