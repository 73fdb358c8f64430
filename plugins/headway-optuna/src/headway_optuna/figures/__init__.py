"""The pictures of a study: SVG for a page, coloured by its style, the same bytes for the same study."""
