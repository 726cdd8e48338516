"""How far a reader of clean digits bears them spoilt: by one dial from harmless to severe, and as MNIST-C does."""
