"""Words and shapes that outputs, commands and the viewer share."""
