"""The networks of Deej-A.I. in torch, for embedding and for training: from a mel slice to a direction among tracks.

They are those of its author's notebooks (Speccy_2D and Speccy_1D, 2019). The two-dimensional one is the published one, and
weights have the names of the published file.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

MELS, FRAMES = 96, 216  # of a slice
DROPOUTS = (0.2, 0.3, 0.4)  # after the three convolutions

# Number of axes along which the kernel moves: 2 over mel and time, 1 over time with the mels as channels.
CHANNELS = {"2d": (1, 32, 64, 128), "1d": (MELS, 96, 192, 384)}
KERNELS = {"2d": 3, "1d": 7}
SLOPE = 0.2  # of LeakyReLU
EPSILON, MOMENTUM = 1e-3, 0.01  # of batch norm, as in Keras


def build_network(kind: str, *, dimension: int = 100, width: int = 1024) -> torch.nn.Module:
    """Return the network `kind`, "2d" or "1d", with random weights, in training mode.

    It maps (n, 96 mels, 216 frames) to (n, dimension). dimension: of the space that it is trained on; width: of the dense
    layer before. The defaults are the original's: 42.6 million weights in "2d", 10.8 million in "1d".
    """
    from torch import Tensor, nn

    channels, kernel = CHANNELS[kind], KERNELS[kind]
    convolution: type[nn.Conv1d | nn.Conv2d]
    norm: type[nn.BatchNorm1d | nn.BatchNorm2d]
    pool: type[nn.MaxPool1d | nn.MaxPool2d]
    if kind == "2d":
        convolution, norm, pool = nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d
        pooled = MELS // 8 * (FRAMES // 8)
    else:
        convolution, norm, pool = nn.Conv1d, nn.BatchNorm1d, nn.MaxPool1d
        pooled = FRAMES // 8

    class ConvBlock(nn.Module):
        """Depthwise and pointwise convolution, LeakyReLU, batch norm, and a maximum that halves each axis."""

        def __init__(self, before: int, after: int, dropout: float) -> None:
            super().__init__()
            depthwise = convolution(before, before, kernel, padding=kernel // 2, groups=before, bias=False)
            self.sep_conv = nn.Sequential(OrderedDict(depthwise=depthwise, pointwise=convolution(before, after, 1)))
            self.leaky_relu = nn.LeakyReLU(SLOPE)
            self.batch_norm = norm(after, EPSILON, MOMENTUM)
            self.max_pool = pool(2)
            self.dropout = nn.Dropout(dropout)

        def forward(self, x: Tensor) -> Tensor:
            x = self.sep_conv(x)
            if self.training or (self.batch_norm.weight < 0).any():
                x = self.dropout(self.max_pool(self.batch_norm(self.leaky_relu(x))))
            else:
                # If no gain is negative, all of this is monotone, so the maximum may come first and leave less to do.
                x = self.batch_norm(self.leaky_relu(self.max_pool(x)))
            return x

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            sizes = zip(channels, channels[1:], DROPOUTS, strict=False)
            self.conv_blocks = nn.Sequential(*(ConvBlock(*size) for size in sizes))
            self.dense_block = nn.Sequential(
                OrderedDict(
                    dense=nn.Linear(pooled * channels[-1], width),
                    leaky_relu=nn.LeakyReLU(SLOPE),
                    batch_norm=nn.BatchNorm1d(width, EPSILON, MOMENTUM),
                    dropout=nn.Dropout(0.5),
                )
            )
            self.embedding = nn.Linear(width, dimension)

        def forward(self, slices: Tensor, with_features: bool = False) -> Tensor | tuple[Tensor, Tensor]:
            """with_features: also return, first, the input of the last layer: (n, width)."""
            if kind == "2d":
                x = self.conv_blocks(slices[:, None])  # (n, 128, 12, 27)
                x = x.permute(0, 2, 3, 1)  # flattened in the order (mel, frame, channel), as Keras has it
            else:
                x = self.conv_blocks(slices)  # (n, 384, 27), flattened in the order (channel, frame)
            features: Tensor = self.dense_block(x.flatten(1))
            directions: Tensor = self.embedding(features)
            return (features, directions) if with_features else directions

    return Network()


def build_decoder(kind: str, *, dimension: int = 100, width: int = 1024) -> torch.nn.Module:
    """Return the decoder, with random weights, in training mode: (n, dimension) -> (n, 96 mels, 216 frames).

    It is the mirror image of `build_network`: two dense layers, then three blocks that double each axis. Only training
    needs it.
    """
    from torch import Tensor, nn

    channels, kernel = CHANNELS[kind][::-1], KERNELS[kind]
    convolution: type[nn.Conv2d | nn.Conv1d] = nn.Conv2d if kind == "2d" else nn.Conv1d
    norm: type[nn.BatchNorm2d | nn.BatchNorm1d] = nn.BatchNorm2d if kind == "2d" else nn.BatchNorm1d
    smallest = (channels[0], MELS // 8, FRAMES // 8) if kind == "2d" else (channels[0], FRAMES // 8)

    def block(before: int, after: int) -> list[nn.Module]:
        return [
            nn.Upsample(scale_factor=2),
            convolution(before, before, kernel, padding=kernel // 2, groups=before, bias=False),
            convolution(before, after, 1),
        ]

    def activation(size: int) -> list[nn.Module]:
        return [nn.LeakyReLU(SLOPE), norm(size)]

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dense = nn.Sequential(
                nn.Linear(dimension, width),
                nn.LeakyReLU(SLOPE),
                nn.BatchNorm1d(width),
                nn.Linear(width, math.prod(smallest)),
                nn.Unflatten(1, smallest),
                *activation(channels[0]),
            )
            _, second, third, last = channels
            self.blocks = nn.Sequential(
                *block(channels[0], second),
                *activation(second),
                *block(second, third),
                *activation(third),
                *block(third, last),
            )

        def forward(self, latent: Tensor) -> Tensor:
            slices: Tensor = self.blocks(self.dense(latent)).reshape(-1, MELS, FRAMES)
            return slices

    return Decoder()
