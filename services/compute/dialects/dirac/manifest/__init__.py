"""Manifests (contract 2.4, 2.6, 2.13): read from JSON or JDL, expanded, checked, made into jobs.

reading, jdl/           texts to values, with the place of a mistake
names, values           attributes by all their spellings, and their types
parametric              one manifest that stands for many
sites, files, asked     what a manifest asks for
commands, specs         as a spec for one environment, and back from its problems
effective               as it is shown again
problems                what is wrong and where
"""
