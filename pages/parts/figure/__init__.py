"""A Plotly figure that is updated in place."""
