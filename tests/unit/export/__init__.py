"""The jobs: the steps that can be tried without the others."""
