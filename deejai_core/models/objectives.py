"""What networks and heads can be taught to do, by name."""

from __future__ import annotations

from typing import Literal, get_args

Objective = Literal[
    "lists",  # to point where Track2Vec points
    "siamese",  # to put two slices of one track, or of two songs of one list, nearer to each other than to others
    "autoencoder",  # to reconstruct a slice from few numbers
    "variational",  # the same from numbers that are spread like a normal distribution
]
OBJECTIVES: tuple[Objective, ...] = get_args(Objective)
