"""Compiled graph kernels: strongly connected components, and chains of degree-2 nodes."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]


def rows_by(key: Ints, n_keys: int) -> tuple[Longs, Longs]:
    """Return ``(first, rows)``: the rows with key k, in order, are rows[first[k]:first[k + 1]]."""
    first = np.zeros(n_keys + 1, np.int64)
    np.cumsum(np.bincount(key, minlength=n_keys), out=first[1:])
    return first, np.argsort(key, kind="stable")


@njit(cache=True, nogil=True)
def strong_components(first: Longs, head: Ints) -> Ints:  # noqa: C901 - recursion unrolled
    """Label the strongly connected component of each node (Tarjan 1972, without recursion).

    ``first`` int64 (nodes + 1,) and ``head`` int32 (arcs,) are the arcs by tail.
    """
    n = len(first) - 1
    label = np.full(n, -1, np.int32)
    order = np.full(n, -1, np.int64)
    low = np.zeros(n, np.int64)
    arc = first[:-1].copy()
    stack = np.empty(n, np.int32)
    path = np.empty(n, np.int32)
    n_stack = n_path = n_seen = n_labels = 0
    for root in range(n):
        if order[root] >= 0:
            continue
        order[root] = low[root] = n_seen
        n_seen += 1
        path[0] = stack[n_stack] = root
        n_path, n_stack = 1, n_stack + 1
        while n_path:
            u = path[n_path - 1]
            if arc[u] < first[u + 1]:
                v = head[arc[u]]
                arc[u] += 1
                if order[v] < 0:
                    order[v] = low[v] = n_seen
                    n_seen += 1
                    path[n_path] = stack[n_stack] = v
                    n_path, n_stack = n_path + 1, n_stack + 1
                elif label[v] < 0:
                    low[u] = min(low[u], order[v])
                continue
            n_path -= 1
            if n_path:
                above = path[n_path - 1]
                low[above] = min(low[above], low[u])
            if low[u] == order[u]:
                while True:
                    n_stack -= 1
                    v = stack[n_stack]
                    label[v] = n_labels
                    if v == u:
                        break
                n_labels += 1
    return label


@njit(cache=True, nogil=True)
def walk_chains(
    a: Ints, b: Ints, first: Longs, rows: Longs, junction: Bools
) -> tuple[Longs, Bools, Longs]:
    """Follow pieces from junction to junction through nodes of degree 2.

    ``a`` and ``b`` are the end nodes of each piece, ``first`` and ``rows`` the pieces at each
    node. Return the pieces in chain order, whether each is flipped, and where each chain starts
    (one entry more than chains). A ring without a junction starts at the lowest piece in it.
    """
    n_pieces = len(a)
    piece = np.empty(n_pieces, np.int64)
    flip = np.empty(n_pieces, np.bool_)
    start = np.empty(n_pieces + 1, np.int64)
    used = np.zeros(n_pieces, np.bool_)
    ends = junction.copy()
    n_used = n_chains = 0
    for by_ring in range(2):
        for seed in range(n_pieces if by_ring else len(first) - 1):
            if by_ring and used[seed]:
                continue
            if by_ring:
                ends[a[seed]] = True
            origin = a[seed] if by_ring else seed
            if not ends[origin]:
                continue
            for q in range(first[origin], first[origin + 1]):
                p = rows[q]
                if used[p]:
                    continue
                start[n_chains] = n_used
                n_chains += 1
                node = origin
                while True:
                    used[p] = True
                    piece[n_used] = p
                    flip[n_used] = a[p] != node
                    n_used += 1
                    node = a[p] if flip[n_used - 1] else b[p]
                    if ends[node]:
                        break
                    p = rows[first[node]] + rows[first[node] + 1] - p
    start[n_chains] = n_used
    return piece, flip, start[: n_chains + 1].copy()
