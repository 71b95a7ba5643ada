"""métabolisme: who depends on whom, for every French territory."""
