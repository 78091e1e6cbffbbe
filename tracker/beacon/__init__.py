"""The script that web pages load, and how it is made ready to be served."""
