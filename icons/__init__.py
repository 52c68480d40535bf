"""The icons and the script that draws them."""
