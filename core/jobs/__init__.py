"""Work in processes of its own: asked for, followed, cancelled, and its results kept beside a run."""
