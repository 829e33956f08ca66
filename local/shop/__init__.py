"""The demo shop: a page of plain HTML, CSS and modules, and the small server behind it."""
