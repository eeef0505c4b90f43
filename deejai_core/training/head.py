"""Trains a head: from a model's trunk to Track2Vec's directions, or to where slices that belong together are close.

The trunk does not change, so nothing is decoded. The loss is one minus the cosine between a slice's output and its song's
direction, as in Deej-A.I., or that of a Siamese network. Whole artists are held out, and training stops when it does no
better on these. They also decide how much the learned space counts beside the trunk's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from deejai_core.errors import TrainingError
from deejai_core.extras import extra
from deejai_core.models.head import SLOPE, HeadWeights, unit
from deejai_core.training.pairs import BROAD, Pairs, contrastive_loss, nearer_share, one_of
from deejai_core.training.validation import Epoch, Progress, evenly_spread, nearest_to_all

if TYPE_CHECKING:
    import torch

HIDDEN = 512
DROPOUT = 0.3
BATCH = 256  # slices
RATE = 1e-3  # of Adam
DECAY = 1e-2  # of AdamW
EPOCHS = 200  # at most
PATIENCE = 12  # epochs without a better validation before training stops

DIMENSION = 100  # of a Siamese head

NEIGHBOURS = 10
QUERIES = 2_000  # held-out tracks at most that decide on a weight
SAMPLED = 4_000  # slices compared with each other to find an epsilon: 64 MB
TEMPERATURE = 0.1  # of a Siamese head
WEIGHTS = tuple(round(0.1 * step, 1) for step in range(11))  # of the learned space; 0: only the trunk's own


@dataclass(frozen=True, eq=False)
class Examples:
    """Tracks that have been embedded, and the lists that they are in."""

    trunks: Sequence[np.ndarray]  # (slices, trunk_size) of each track
    own: np.ndarray  # (tracks, dimension) unit vectors in the trunk's own space
    targets: np.ndarray | None  # (tracks, 100) unit vectors of Track2Vec; None for a Siamese head
    artists: np.ndarray  # (tracks,) numbers; negative if unknown, which counts as an artist of its own
    lists: Sequence[np.ndarray]  # for each list, the positions of its tracks


# Rows of slices -> the head's output for them, with dropout; and from that, rows and their tracks -> the loss.
Forward: TypeAlias = "Callable[[torch.Tensor], torch.Tensor]"
Loss: TypeAlias = "Callable[[Forward, torch.Tensor, torch.Tensor], torch.Tensor]"


@dataclass(frozen=True, eq=False)
class Choice:
    """How many of a held-out track's nearest share a list with it, for each weight of the learned space.

    by_halves: the tracks are halves of tracks, see `halves`.
    """

    found: np.ndarray  # (queries, weights) the share for each query, in the order of `WEIGHTS`
    chance: float
    by_halves: bool = False

    @property
    def best(self) -> float:
        """The smallest weight that is not worse than the best by more than the standard error of the difference.

        0 if the best does not beat no weight at all, and chance, by more than twice that: what lists do not distinguish is
        left to the trunk's own space.
        """
        top = self.found[:, [np.argmax(self.found.mean(axis=0))]]
        lost = top - self.found
        error = lost.std(axis=0) / np.sqrt(len(lost))
        if lost[:, 0].mean() <= 2 * error[0] or top.mean() <= self.chance:
            return WEIGHTS[0]
        return WEIGHTS[1 + int(np.argmax((lost.mean(axis=0) <= error)[1:]))]

    def share(self, weight: float) -> float:
        return float(self.found[:, WEIGHTS.index(weight)].mean())


def train_head(
    examples: Examples, held_out: np.ndarray, *, seed: int, on_epoch: Callable[[Epoch], None] = lambda epoch: None
) -> tuple[HeadWeights, Progress]:
    """Return a head that learned from the tracks that are not held out, from its best epoch on those that are.

    The same examples and seed give the same head, on one machine.
    """
    with extra("train"):
        import torch
        from torch.nn import functional as F

    if examples.targets is None:
        raise ValueError("no directions to predict")
    directed, targets = examples.targets, torch.from_numpy(examples.targets)

    def loss(forward: Forward, rows: torch.Tensor, tracks: torch.Tensor) -> torch.Tensor:
        return (1 - F.cosine_similarity(forward(rows), targets[tracks])).mean()

    def validate(head: HeadWeights) -> float:
        return float((directions(head, examples, held_out) * directed[held_out]).sum(axis=1).mean())

    constant = nearest_to_all(directed, held_out)
    return _fit(examples, held_out, loss, validate, measure="cosine", constant=constant, seed=seed, on_epoch=on_epoch)


def train_siamese_head(
    examples: Examples, held_out: np.ndarray, *, seed: int, on_epoch: Callable[[Epoch], None] = lambda epoch: None
) -> tuple[HeadWeights, Progress]:
    """Return a head that places slices that belong together, see `Pairs`, closer to each other than to others.

    It is from the best epoch on held-out tracks. The same examples and seed give the same head, on one machine.
    """
    with extra("train"):
        import torch

    pairs = Pairs(examples.lists, held_out)
    rng = np.random.default_rng([seed, 1])  # not the numbers that the order of the slices comes from
    counts = np.array([0 if out else len(trunk) for trunk, out in zip(examples.trunks, held_out, strict=True)])
    starts = np.cumsum(counts) - counts  # the first of each track's slices among those trained on

    def loss(forward: Forward, rows: torch.Tensor, tracks: torch.Tensor) -> torch.Tensor:
        partners = np.array([pairs.partner(track, rng) for track in tracks.tolist()])
        chosen = [
            starts[partner] + one_of(counts[partner], row - starts[partner] if partner == track else None, rng)
            for row, track, partner in zip(rows.tolist(), tracks.tolist(), partners.tolist(), strict=True)
        ]
        together = torch.from_numpy(pairs.relation(tracks.numpy(), partners))
        return contrastive_loss(forward(rows), forward(torch.tensor(chosen)), together, TEMPERATURE)

    judged = np.flatnonzero(held_out).tolist()
    spread = [evenly_spread(examples.trunks[track]) for track in judged]
    judged_slices, track_of = np.concatenate(spread), np.repeat(judged, [len(some) for some in spread])

    def validate(head: HeadWeights) -> float:
        return nearer_share(unit(head.direct(judged_slices)), track_of, pairs)

    return _fit(
        examples, held_out, loss, validate, measure="nearer than others", constant=0.5, seed=seed, on_epoch=on_epoch
    )


def _fit(
    examples: Examples,
    held_out: np.ndarray,
    loss: Loss,
    validate: Callable[[HeadWeights], float],
    *,
    measure: str,
    constant: float,
    seed: int,
    on_epoch: Callable[[Epoch], None],
) -> tuple[HeadWeights, Progress]:
    """Train two dense layers until `validate` gets no better."""
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(1)  # the batches are too small for a second thread
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    trained = np.flatnonzero(~held_out).tolist()
    slices = np.concatenate([examples.trunks[track] for track in trained]).astype(np.float32)
    track_of = torch.from_numpy(np.repeat(trained, [len(examples.trunks[track]) for track in trained]))
    mean = slices.mean(axis=0)
    scale = 1 / np.maximum(slices.std(axis=0), 1e-6)
    inputs = torch.from_numpy((slices - mean) * scale)

    sizes = [(slices.shape[1], HIDDEN), (HIDDEN, DIMENSION if examples.targets is None else examples.targets.shape[1])]
    layers = [torch.randn(size, generator=generator) * (2 / size[0]) ** 0.5 for size in sizes]
    parameters = [layers[0], torch.zeros(sizes[0][1]), layers[1], torch.zeros(sizes[1][1])]
    for parameter in parameters:
        parameter.requires_grad_(True)
    optimiser = torch.optim.AdamW(parameters, lr=RATE, weight_decay=DECAY)

    def weights() -> HeadWeights:
        return HeadWeights(mean, scale, *(parameter.detach().numpy().copy() for parameter in parameters))

    def forward(rows: torch.Tensor) -> torch.Tensor:
        x = F.leaky_relu(inputs[rows] @ parameters[0] + parameters[1], SLOPE)
        x = x * (torch.rand(x.shape, generator=generator) >= DROPOUT) / (1 - DROPOUT)
        output: torch.Tensor = x @ parameters[2] + parameters[3]
        return output

    best, random = weights(), validate(weights())
    epochs: list[Epoch] = []
    kept = 0
    while len(epochs) < EPOCHS and len(epochs) - kept <= PATIENCE:
        losses = []
        order = torch.from_numpy(rng.permutation(len(inputs)))
        for batch in order.split(BATCH):
            value = loss(forward, batch, track_of[batch])
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            losses.append(value.item() * len(batch))
        epoch = Epoch(sum(losses) / len(inputs), validate(weights()), measure)
        if not epochs or epoch.validation > epochs[kept].validation:
            best, kept = weights(), len(epochs)
        epochs.append(epoch)
        on_epoch(epoch)

    return best, Progress(tuple(epochs), kept, constant, random, int(held_out.sum()))


def directions(head: HeadWeights, examples: Examples, wanted: np.ndarray | None = None) -> np.ndarray:
    """Return (tracks, dimension) unit vectors of these tracks, or all: the sums of the head's output for their slices."""
    tracks = np.arange(len(examples.trunks)) if wanted is None else np.flatnonzero(wanted)
    return unit(np.stack([unit(head.direct(examples.trunks[track])).sum(axis=0) for track in tracks.tolist()]))


def choose_weight(
    examples: Examples, learned: np.ndarray, held_out: np.ndarray, *, seed: int, neighbours: int = NEIGHBOURS
) -> Choice:
    """Return how good each weight is: how many of the tracks nearest to held-out ones share a list with them.

    learned: (tracks, 100) unit vectors, as the head embeds them. The nearest may be tracks that the head was trained on:
    for new music in a library, they are, too. Lists of nearly everything do not count. Raises TrainingError if no other
    track is in a list with a held-out one.
    """
    rng = np.random.default_rng(seed)
    tracks = len(examples.own)
    lists_of: dict[int, list[np.ndarray]] = {}
    for listing in examples.lists:
        for track in listing.tolist() if len(listing) <= BROAD * tracks else ():
            lists_of.setdefault(track, []).append(listing)
    queries = np.array([track for track in np.flatnonzero(held_out).tolist() if track in lists_of], int)
    if len(queries) > QUERIES:
        queries = np.sort(rng.choice(queries, QUERIES, replace=False))
    shares, chances = np.zeros((len(queries), len(WEIGHTS))), np.zeros(len(queries))
    neighbours = min(neighbours, tracks - 1)
    for row, query in enumerate(queries.tolist()):
        together = np.zeros(tracks, bool)
        together[np.concatenate(lists_of[query])] = True
        together[query] = False
        own, other = examples.own @ examples.own[query], learned @ learned[query]
        for column, weight in enumerate(WEIGHTS):
            similarity = (1 - weight) * own + weight * other
            similarity[query] = -np.inf
            nearest = np.argpartition(-similarity, neighbours - 1)[:neighbours]
            shares[row, column] = together[nearest].mean()
        chances[row] = together.sum() / (tracks - 1)
    if not len(queries):
        raise TrainingError("no held-out track is in a list that has less than half of all tracks", hint="add lists")
    return Choice(shares, float(chances.mean()))


def halves(examples: Examples, held_out: np.ndarray) -> tuple[Examples, np.ndarray]:
    """Return each track of several slices as two, with every other slice each, in a list together; and which are held out.

    So a weight can be chosen without lists: by how often the nearest to a half is the other one.
    """
    trunks: list[np.ndarray] = []
    out: list[bool] = []
    lists: list[np.ndarray] = []
    for trunk, held in zip(examples.trunks, held_out.tolist(), strict=True):
        if len(trunk) > 1:
            lists.append(np.array([len(trunks), len(trunks) + 1]))
            trunks += [trunk[::2], trunk[1::2]]
            out += [held, held]
    count = len(trunks)
    own = np.zeros((count, examples.own.shape[1]), np.float32)
    return Examples(trunks, own, None, np.full(count, -1), lists), np.array(out, bool)


def matching_epsilon(
    own: Sequence[np.ndarray], other: Sequence[np.ndarray], epsilon: float, rng: np.random.Generator
) -> float:
    """Return the cosine distance that is as rare in another space, between slices of two tracks, as `epsilon` is here.

    own, other: the slice vectors (slices, dimension) of each track. So slices count as the same word as rarely as before.
    """
    slices = np.mean([len(some) for some in own])
    tracks = rng.permutation(len(own))[: max(2, int(SAMPLED / slices))]
    track_of = np.repeat(tracks, [len(own[track]) for track in tracks])
    distances = []
    for some in (own, other):
        units = unit(np.concatenate([some[track] for track in tracks]))
        products = units @ units.T
        distances.append(1 - products[track_of[:, None] != track_of])
    rank = int((distances[0] < epsilon).sum())
    rank = min(max(rank, 1), len(distances[1])) - 1
    return float(np.clip(np.partition(distances[1], rank)[rank], 1e-6, 1.9))
