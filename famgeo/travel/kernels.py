"""Compiled search: one bounded shortest-path search per source, all targets read off it.

The queue is an array of buckets, each a linked list of nodes whose cost falls in the same few
seconds (Dial 1969; the width is free as in Meyer and Sanders 2003). A better cost is one more
entry and the old one is skipped when met; a node that improves while its bucket is open is scanned
again. So costs are exact whatever the width.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]


@njit(cache=True, nogil=True)
def _spread(  # noqa: C901, PLR0917 - one loop, kept whole for the compiler
    first: Longs,
    head: Ints,
    cost: Floats,
    nodes: Ints,
    seconds: Floats,
    limit: float,
    width: float,
    best: Floats,
    seen: Ints,
    top: Ints,
    node: Ints,
    key: Floats,
    under: Ints,
) -> int:
    """Fill ``best`` from the two start nodes up to the limit; return how many nodes were seen.

    ``top`` is the newest entry of each bucket, −1 where it is empty, as it is left again.
    ``node``, ``key`` and ``under`` (the next older entry) are room for entries.
    """
    size = len(node)
    n_seen = n_entries = queued = 0
    bucket, per_width = len(top), 1 / width
    for k in range(2):
        u, reached = nodes[k], seconds[k]
        if u < 0 or reached > limit or reached >= best[u]:
            continue
        if best[u] == np.inf:
            seen[n_seen] = u
            n_seen += 1
        best[u] = reached
        to = int(reached * per_width)
        node[n_entries], key[n_entries], under[n_entries] = u, reached, top[to]
        top[to] = n_entries
        n_entries += 1
        queued += 1
        bucket = min(bucket, to)
    while queued:
        entry = top[bucket]
        if entry < 0:
            bucket += 1
            continue
        top[bucket] = under[entry]
        queued -= 1
        u, here = node[entry], key[entry]
        if here > best[u]:
            continue
        if n_entries + first[u + 1] - first[u] > size:
            node = np.concatenate((node, np.empty(size, np.int32)))
            key = np.concatenate((key, np.empty(size)))
            under = np.concatenate((under, np.empty(size, np.int32)))
            size *= 2
        for arc in range(first[u], first[u + 1]):
            v, reached = head[arc], here + cost[arc]
            if reached < best[v] and reached <= limit:
                if best[v] == np.inf:
                    seen[n_seen] = v
                    n_seen += 1
                best[v] = reached
                to = int(reached * per_width)
                node[n_entries], key[n_entries], under[n_entries] = v, reached, top[to]
                top[to] = n_entries
                n_entries += 1
                queued += 1
    return n_seen


@njit(cache=True, nogil=True, inline="always")
def direct(a: Floats, b: Floats) -> float:
    """Return the seconds from a to b along their common chain; inf when it only leads around."""
    slack = 1e-6
    if a[3] == b[3] and a[4] == b[4]:
        return 0.0
    line: float = np.inf
    for side in range(2):
        ahead = b[side] - a[side]
        if ahead >= -slack:
            line = min(line, max(ahead, 0.0))
    whole: float = a[2] + line + b[2]
    return whole


@njit(cache=True, nogil=True)
def _workspace(
    n_nodes: int, n_arcs: int, n_buckets: int
) -> tuple[Floats, Ints, Ints, Ints, Floats, Ints]:
    """Return the best seconds of each node (one more than nodes) and room for a search."""
    return (
        np.full(n_nodes + 1, np.inf),
        np.empty(n_nodes, np.int32),
        np.full(n_buckets, -1, np.int32),
        np.empty(n_arcs + 2, np.int32),
        np.empty(n_arcs + 2),
        np.empty(n_arcs + 2, np.int32),
    )


@njit(cache=True, nogil=True)
def search_dense(  # noqa: PLR0917 - plain arrays, for the compiler
    first: Longs,
    head: Ints,
    cost: Floats,
    width: float,
    limit: float,
    source_nodes: Ints,
    source_s: Floats,
    source_chain: Ints,
    source_line: Floats,
    target_nodes: Ints,
    target_s: Floats,
    target_line: Floats,
    chain_first: Longs,
    chain_target: Longs,
) -> Singles:
    """Return seconds, float32 (sources, targets), NaN beyond the limit.

    ``*_nodes`` and ``*_s`` (n, 2) are junctions and seconds to them (sources) or from them
    (targets); ``*_line`` (n, 5) the seconds along and against the chain and on the straight
    line, in the direction of the search, then lon and lat. A target's missing junction is the
    node past the last.
    """
    n_nodes, n_targets = len(first) - 1, len(target_nodes)
    best, seen, top, node, key, under = _workspace(n_nodes, len(head), int(limit / width) + 2)
    out = np.empty((len(source_nodes), n_targets), np.float32)
    for s in range(len(source_nodes)):
        chain = source_chain[s]
        if chain < 0:
            out[s] = np.nan
            continue
        n_seen = _spread(
            first,
            head,
            cost,
            source_nodes[s],
            source_s[s],
            limit,
            width,
            best,
            seen,
            top,
            node,
            key,
            under,
        )
        for t in range(n_targets):
            reached = min(
                best[target_nodes[t, 0]] + target_s[t, 0],
                best[target_nodes[t, 1]] + target_s[t, 1],
            )
            out[s, t] = reached if reached <= limit else np.nan
        for q in range(chain_first[chain], chain_first[chain + 1]):
            t = chain_target[q]
            reached = direct(source_line[s], target_line[t])
            if reached <= limit and not out[s, t] <= reached:
                out[s, t] = reached
        for k in range(n_seen):
            best[seen[k]] = np.inf
    return out


@njit(cache=True, nogil=True)
def search_sparse(  # noqa: C901, PLR0917 - plain arrays, for the compiler
    first: Longs,
    head: Ints,
    cost: Floats,
    width: float,
    limit: float,
    source_nodes: Ints,
    source_s: Floats,
    source_chain: Ints,
    source_line: Floats,
    node_first: Longs,
    node_target: Ints,
    node_s: Floats,
    target_line: Floats,
    chain_first: Longs,
    chain_target: Longs,
) -> tuple[Longs, Ints, Floats]:
    """Return pairs within the limit as (count per source, target, seconds), targets ascending.

    The work for a source grows with what it reaches, not with all targets: targets hang at their
    junctions (``node_first``, ``node_target``, ``node_s``).
    """
    n_nodes, n_targets = len(first) - 1, len(target_line)
    best, seen, top, node, key, under = _workspace(n_nodes, len(head), int(limit / width) + 2)
    count = np.zeros(len(source_nodes), np.int64)
    row = np.full(n_targets, np.inf)
    found = np.empty(n_targets, np.int32)
    out_target = np.empty(max(1024, n_targets), np.int32)
    out_s = np.empty(max(1024, n_targets))
    filled = 0
    for s in range(len(source_nodes)):
        chain = source_chain[s]
        if chain < 0:
            continue
        n_seen = _spread(
            first,
            head,
            cost,
            source_nodes[s],
            source_s[s],
            limit,
            width,
            best,
            seen,
            top,
            node,
            key,
            under,
        )
        n_found = 0
        for k in range(n_seen):
            u = seen[k]
            for q in range(node_first[u], node_first[u + 1]):
                t, reached = node_target[q], best[u] + node_s[q]
                if reached <= limit and reached < row[t]:
                    if row[t] == np.inf:
                        found[n_found] = t
                        n_found += 1
                    row[t] = reached
            best[u] = np.inf
        for q in range(chain_first[chain], chain_first[chain + 1]):
            t = chain_target[q]
            reached = direct(source_line[s], target_line[t])
            if reached <= limit and reached < row[t]:
                if row[t] == np.inf:
                    found[n_found] = t
                    n_found += 1
                row[t] = reached
        count[s] = n_found
        if filled + n_found > len(out_s):
            size = 2 * (filled + n_found)
            out_target = np.concatenate((out_target, np.empty(size, np.int32)))
            out_s = np.concatenate((out_s, np.empty(size)))
        for t in np.sort(found[:n_found]):
            out_target[filled] = t
            out_s[filled] = row[t]
            row[t] = np.inf
            filled += 1
    return count, out_target[:filled].copy(), out_s[:filled].copy()
