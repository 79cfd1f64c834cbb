"""An independent, slow answer to street questions: scipy on the uncontracted graph."""

from itertools import pairwise

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from famgeo.domain import Limits, Mode
from famgeo.tables import Streets
from famgeo.travel.profiles import metres_between, price


class Oracle:
    """Every usable piece as an arc; places are nodes inserted into their nearest piece."""

    def __init__(self, streets: Streets, mode: Mode, limits: Limits, snap_m_per_s: float) -> None:
        prices = price(streets, mode, limits)
        usable = np.isfinite(prices.forward_s) | np.isfinite(prices.backward_s)
        rows = np.flatnonzero(usable & (streets.from_node != streets.to_node))
        a, b = streets.from_node[rows].astype(int), streets.to_node[rows].astype(int)
        n = len(streets.nodes)
        node_s = list(prices.node_s)
        where = list(range(n))
        for ends in (a, b):
            for k in np.flatnonzero(prices.closed[ends]):
                where.append(ends[k])
                node_s.append(prices.node_s[ends[k]])
                ends[k] = len(where) - 1
        node_s, where = np.array(node_s), np.array(where)
        go, back = prices.forward_s[rows], prices.backward_s[rows]
        f, r = np.isfinite(go), np.isfinite(back)
        tail, head = np.r_[a[f], b[r]], np.r_[b[f], a[r]]
        m = len(where)
        _, label = connected_components(
            coo_matrix((np.ones(len(tail)), (tail, head)), (m, m)), connection="strong"
        )
        inside = label == np.bincount(label).argmax()
        keep = inside[a] & inside[b]
        self.a, self.b, self.go, self.back = a[keep], b[keep], go[keep], back[keep]
        self.snappable = prices.snappable[rows][keep]
        self.lon = streets.nodes["lon"].to_numpy(float)[where]
        self.lat = streets.nodes["lat"].to_numpy(float)[where]
        self.node_s, self.speed, self.m = node_s, snap_m_per_s, m

    def nearest(self, lon: float, lat: float) -> tuple[int, float, float]:
        """Return piece, share along it and straight metres, by trying every piece."""
        y = np.degrees(np.arctanh(np.sin(np.radians(self.lat)))) - np.degrees(
            np.arctanh(np.sin(np.radians(lat)))
        )
        ax, ay = self.lon[self.a] - lon, y[self.a]
        bx, by = self.lon[self.b] - lon, y[self.b]
        run = (bx - ax) ** 2 + (by - ay) ** 2
        share = np.clip(-(ax * (bx - ax) + ay * (by - ay)) / np.where(run > 0, run, 1), 0, 1)
        off = np.hypot(ax + share * (bx - ax), ay + share * (by - ay))
        piece = np.where(self.snappable, off, np.inf).argmin()
        s, i, j = share[piece], self.a[piece], self.b[piece]
        x = self.lon[i] + s * (self.lon[j] - self.lon[i])
        y = self.lat[i] + s * (self.lat[j] - self.lat[i])
        metres = metres_between(*(np.array([v]) for v in (lon, lat, x, y)))[0]
        return piece, s, metres

    def seconds(self, sources: np.ndarray, targets: np.ndarray, limit_s: float) -> np.ndarray:
        """Return seconds (sources, targets), inf beyond the limit.

        ``plain`` then tells the places that step on inside a piece, where no tie is to be broken.
        """
        places = np.vstack([sources, targets])
        found = [self.nearest(*p) for p in places]
        tail, head, cost = [], [], []

        def arc(u: int, v: int, seconds: float) -> None:
            if np.isfinite(seconds):
                tail.append(u)
                head.append(v)
                cost.append(seconds)

        on: dict[int, list[tuple[float, int]]] = {}
        for i, (piece, share, _) in enumerate(found):
            on.setdefault(piece, []).append((share, self.m + i))
        for piece, stops in on.items():
            i, j = self.a[piece], self.b[piece]
            run = [(0.0, i), *sorted(stops), (1.0, j)]
            for (s, u), (e, v) in pairwise(run):
                step = max(e - s, 1e-12)
                arc(u, v, step * self.go[piece] + (self.node_s[j] if v == j else 0))
                arc(v, u, step * self.back[piece] + (self.node_s[i] if u == i else 0))
        bare = np.setdiff1d(np.arange(len(self.a)), list(on))
        for u, v, s in ((self.a, self.b, self.go), (self.b, self.a, self.back)):
            open_ = bare[np.isfinite(s[bare])]
            tail.extend(u[open_])
            head.extend(v[open_])
            cost.extend(s[open_] + self.node_s[v[open_]])
        size = self.m + len(places)
        off = np.array([metres for _, _, metres in found]) / self.speed
        cost = np.maximum(cost, 1e-12)
        # parallel arcs must not add up: keep the cheapest
        order = np.lexsort((cost, head, tail))
        t, h, c = np.array(tail)[order], np.array(head)[order], cost[order]
        first = np.r_[True, (t[1:] != t[:-1]) | (h[1:] != h[:-1])]
        graph = coo_matrix((c[first], (t[first], h[first])), (size, size)).tocsr()
        index = self.m + np.arange(len(sources))
        seconds = dijkstra(graph, indices=index)[:, self.m + len(sources) :]
        seconds = seconds + off[: len(sources), None] + off[None, len(sources) :]
        share = np.array([s for _, s, _ in found])
        self.plain = (share > 0) & (share < 1)
        return np.where(seconds <= limit_s, seconds, np.inf)
