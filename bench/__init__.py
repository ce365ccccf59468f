"""How fast Docket is, as ratios measured within one run: `make bench`."""
