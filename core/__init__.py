"""Everything about learning: data, models, training, runs. Knows nothing of the dashboard."""
