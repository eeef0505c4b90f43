"""What networks and heads can be trained to do, by name."""

from __future__ import annotations

from typing import Literal, get_args

Objective = Literal[
    "lists",  # to predict the direction that Track2Vec gives the song
    "siamese",  # to place two slices of one track, or of two songs of one list, closer to each other than to others
    "autoencoder",  # to reconstruct a slice from few numbers
    "variational",  # the same from numbers that are spread like a normal distribution
]
OBJECTIVES: tuple[Objective, ...] = get_args(Objective)
