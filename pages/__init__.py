"""The dashboard's pages, one thin file each."""
