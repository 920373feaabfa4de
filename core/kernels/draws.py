"""Random numbers without state: each is a function of a key and of a place, so that any of them can be had on its own.

Integer arithmetic alone: the same numbers on every processor, in float32 and in float64.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(nogil=True, error_model="numpy")
def mix(x):
    """A bijection of 64 bits in which every input bit reaches every output bit (Steele et al. 2014, SplitMix64)."""
    x = np.uint64(x) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(nogil=True, error_model="numpy")
def stream(seed, layer, step):
    """The key of one layer's random numbers in one step."""
    return mix(mix(mix(np.uint64(seed)) ^ np.uint64(layer)) ^ np.uint64(step))


@njit(nogil=True, error_model="numpy")
def uniform(key, element):
    """A number in [0, 1) with 24 random bits, the same in float32 and float64."""
    return np.float64(mix(key ^ np.uint64(element)) >> np.uint64(40)) * (1.0 / 16777216.0)


@njit(nogil=True, error_model="numpy")
def shuffled(i, n, key):
    """Place `i` of a permutation of 0..n-1 that is a function of `key` alone (a Feistel network with cycle walking;
    Black and Rogaway 2002): no table, so any batch of any epoch is known without the ones before.
    """
    bits = 2
    while (np.int64(1) << bits) < n:
        bits += 1
    low = bits // 2
    high = bits - low
    low_mask, high_mask = (
        (np.uint64(1) << np.uint64(low)) - np.uint64(1),
        (np.uint64(1) << np.uint64(high)) - np.uint64(1),
    )
    x = np.uint64(i)
    while True:
        left, right = x >> np.uint64(low), x & low_mask  # `high` bits and `low` bits
        for turn in range(3):
            left = (left ^ mix(key ^ (right * np.uint64(4) + np.uint64(turn)))) & high_mask
            right = (right ^ mix(~key ^ (left * np.uint64(4) + np.uint64(turn)))) & low_mask
        x = (left << np.uint64(low)) | right
        if np.int64(x) < n:
            return np.int64(x)
