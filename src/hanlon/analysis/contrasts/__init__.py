"""What each factor does: contrasts of cells, over wordings, main effects, bundles taken apart."""
