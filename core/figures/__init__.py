"""Arrays and logs to Plotly figures, and the colours everything shares."""
