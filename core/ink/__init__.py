"""A drawing: strokes, how they become 28 x 28 pixels, how a picture becomes strokes, and the saved ones."""
