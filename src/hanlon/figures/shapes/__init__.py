"""The shapes of figures: bars, forests, stacked bars."""
