"""Behaviour: what each job promises, by the jobs themselves, the command line, or real pipes; real files throughout."""
