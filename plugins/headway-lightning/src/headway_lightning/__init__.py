"""Networks trained by Lightning."""
