"""Everything that can be data is data: the YAML files of the project, and their schemas."""
