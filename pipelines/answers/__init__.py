"""The fourth stage: dependencies, indicators, and what is not measured."""
