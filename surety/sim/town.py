"""An invented town, the same for the same seed: streets, a river with bridges, rail, school, park, shops and homes.

Streets are a bent and thinned grid within an ellipse; a river crosses it and is bridged in a few places; rail runs
along its east end. Its size grows with the number of people who are supervised in it, about a third of the homes.
"""

import heapq
import math
import random
from functools import cached_property

import msgspec

from surety.sim.geo import XY
from surety.sim.names import STREETS

BLOCK_M = 125.0
WALKWAY_M = 15.0  # from the middle of a street to the middle of a house
_ENDINGS = ("Street", "Road", "Lane", "Way", "Close", "Row")
_SHOPS = ("Bakery", "Chemist", "Grocer", "Cafe", "Post Office", "Hardware", "Books", "Greengrocer", "Launderette",
          "Barber", "Newsagent", "The Grey Heron", "Tailor", "Library", "Charity Shop", "Cycle Repair")  # fmt: skip
_WORKS = ("Joinery", "Dairy", "Depot", "Print Works", "Laundry Plant", "Feed Mill", "Assembly Hall", "Cold Store")


class Place(msgspec.Struct, frozen=True):
    """Somewhere to be: the building's middle (x, y), its door on the street, and the street's two corners."""

    name: str
    kind: str
    x: float
    y: float
    door: XY
    corners: tuple[int, int]
    ring: tuple[XY, ...]


class Street(msgspec.Struct, frozen=True):
    """A piece of street between two corners."""

    a: int
    b: int
    name: str
    main: bool


class Town(msgspec.Struct, dict=True):
    """The whole town, in metres around its centre."""

    seed: int
    corners: list[XY]
    streets: list[Street]
    homes: list[Place]
    shops: list[Place]
    works: list[Place]
    school: Place
    station: Place
    parks: list[Place]
    river: tuple[XY, ...]  # a ring
    rail: tuple[XY, ...]
    tunnel_y_m: tuple[float, float]  # along the rail, between these y, there is no sky and no network
    half_width_m: float
    half_height_m: float

    @cached_property
    def links(self) -> list[list[tuple[int, float]]]:
        """For each corner, its neighbours and how far they are."""
        links: list[list[tuple[int, float]]] = [[] for _ in self.corners]
        for street in self.streets:
            far = math.dist(self.corners[street.a], self.corners[street.b])
            links[street.a].append((street.b, far))
            links[street.b].append((street.a, far))
        return links

    @cached_property
    def _trees(self) -> dict[int, tuple[list[int], list[float]]]:
        return {}

    def tree(self, goal: int) -> tuple[list[int], list[float]]:
        """For each corner the next one on the shortest way to `goal`, and how far it is (Dijkstra, kept)."""
        if goal not in self._trees:
            self._trees[goal] = _dijkstra(self.links, goal)
        return self._trees[goal]

    def route(self, start: Place, end: Place) -> tuple[XY, ...]:
        """The way along the streets from one place's middle to the other's."""
        if start.corners == end.corners:
            return _without_doubles(((start.x, start.y), start.door, end.door, (end.x, end.y)))
        goal = min(end.corners, key=lambda c: math.dist(self.corners[c], end.door))
        onward, far = self.tree(goal)
        corner = min(start.corners, key=lambda c: far[c] + math.dist(self.corners[c], start.door))
        way: list[XY] = [(start.x, start.y), start.door, self.corners[corner]]
        while corner != goal:
            corner = onward[corner]
            way.append(self.corners[corner])
        return _without_doubles((*way, end.door, (end.x, end.y)))


_Laid = tuple[Street, tuple[str, int, int]]  # a street, and the axis and cell of the grid where it lies


def build_town(seed: int, people: int) -> Town:
    """The town for so many supervised people. Raises ValueError below 1 or above 20,000."""
    if not 1 <= people <= 20_000:
        raise ValueError(f"a town of {people} people; choose between 1 and 20,000")
    return _Builder(seed, people).build()


def _dijkstra(links: list[list[tuple[int, float]]], goal: int) -> tuple[list[int], list[float]]:
    far, onward = [math.inf] * len(links), [goal] * len(links)
    far[goal] = 0.0
    heap = [(0.0, goal)]
    while heap:
        here_far, here = heapq.heappop(heap)
        if here_far > far[here]:
            continue
        for there, length in links[here]:
            if here_far + length < far[there]:
                far[there], onward[there] = here_far + length, here
                heapq.heappush(heap, (far[there], there))
    return onward, far


def _without_doubles(way: tuple[XY, ...]) -> tuple[XY, ...]:
    return tuple(p for i, p in enumerate(way) if i == 0 or math.dist(p, way[i - 1]) > 0.01)


class _Builder:
    """Makes a town step by step; each step uses the same stream of chance, so the order of steps matters."""

    def __init__(self, seed: int, people: int) -> None:
        self.seed, self.rng = seed, random.Random(f"town/{seed}/{people}")
        blocks = max(110, people // 7)
        self.across = max(11, round(math.sqrt(blocks * 1.35 / 0.785)) | 1)
        self.up = max(9, round(self.across / 1.35) | 1)
        self.half_width, self.half_height = self.across * BLOCK_M / 2, self.up * BLOCK_M / 2
        self.phases = [self.rng.uniform(0, math.tau) for _ in range(8)]
        self.grid: dict[tuple[int, int], int] = {}
        self.corners: list[XY] = []
        self.special: set[tuple[int, int]] = set()
        self.street_names: dict[tuple[str, int], str] = {}

    def build(self) -> Town:
        """All steps in order."""
        self._lay_corners()
        streets = self._lay_streets()
        school_cell, park_cells, work_cells = self._choose_cells()
        rail = self._rail()
        school = self._in_cell(school_cell, "school", "Alderbeck School", 0.62)
        works = [self._in_cell(c, "work", f"{_WORKS[i % len(_WORKS)]}", 0.6) for i, c in enumerate(work_cells)]
        parks = [self._in_cell(c, "park", "Riverside Park", 0.9) for c in park_cells]
        homes, shops = self._houses(streets)
        return Town(
            self.seed, self.corners, [s for s, _ in streets], homes, shops, works, school, self._station(rail), parks,
            self._river_ring(), rail, (self.half_height + 1500, self.half_height + 2300),
            self.half_width, self.half_height,
        )  # fmt: skip

    def _river_y(self, x: float) -> float:
        long, short = self.half_width * 0.9, self.half_width * 0.31
        return self.half_height * 0.08 + 0.16 * self.half_height * math.sin(x / long * 2 + self.phases[0]) + (
            24 * math.sin(x / short + self.phases[1])
        )  # fmt: skip

    def _lay_corners(self) -> None:
        middle_i, middle_j = self.across // 2, self.up // 2
        for i in range(self.across):
            for j in range(self.up):
                gx, gy = (i - middle_i) * BLOCK_M, (j - middle_j) * BLOCK_M
                edge = (gx / self.half_width) ** 2 + (gy / self.half_height) ** 2
                if edge > 0.93 + 0.06 * math.sin(5 * math.atan2(gy, gx) + self.phases[2]):
                    continue
                self.grid[i, j] = len(self.corners)
                self.corners.append(self._bent(gx, gy))

    def _bent(self, gx: float, gy: float) -> XY:
        p, size = self.phases, 620.0
        x = gx + 38 * math.sin(gy / size * 2.1 + p[3]) + 14 * math.sin(gx / 240 + p[4]) + self.rng.uniform(-13, 13)
        y = gy + 34 * math.sin(gx / size * 2.3 + p[5]) + 14 * math.sin(gy / 230 + p[6]) + self.rng.uniform(-13, 13)
        return x, y

    def _lay_streets(self) -> list[_Laid]:
        middle_i, middle_j = self.across // 2, self.up // 2
        found: list[_Laid] = []
        for (i, j), a in self.grid.items():
            for axis, ni, nj in (("row", i + 1, j), ("column", i, j + 1)):
                b = self.grid.get((ni, nj))
                if b is not None:
                    main = (axis == "column" and i == middle_i) or (axis == "row" and j == middle_j)
                    found.append((Street(a, b, self._street_name(axis, i, j), main), (axis, i, j)))
        return self._thinned(self._without_fords(found))

    def _street_name(self, axis: str, i: int, j: int) -> str:
        line = i if axis == "column" else j
        if line == (self.across // 2 if axis == "column" else self.up // 2):
            return "High Street" if axis == "column" else "Station Road"
        key = (axis, line)
        if key not in self.street_names:
            taken = set(self.street_names.values())
            fresh = (f"{self.rng.choice(STREETS)} {self.rng.choice(_ENDINGS)}" for _ in range(1000))
            self.street_names[key] = next(n for n in fresh if n not in taken)
        return self.street_names[key]

    def _without_fords(self, streets: list[_Laid]) -> list[_Laid]:
        """Streets across the river stay only where there is a bridge: on main streets and every fourth crossing."""
        crossing = [s for s in streets if self._above(s[0].a) != self._above(s[0].b)]
        crossing.sort(key=lambda s: self.corners[s[0].a][0])
        fords = {id(s[0]) for n, s in enumerate(crossing) if not s[0].main and n % 4 != 1}
        return [s for s in streets if id(s[0]) not in fords]

    def _above(self, corner: int) -> bool:
        x, y = self.corners[corner]
        return y > self._river_y(x)

    def _thinned(self, streets: list[_Laid]) -> list[_Laid]:
        """About an eighth of the side streets fall away, none that the town needs to hang together."""
        parent = list(range(len(self.corners)))

        def root(n: int) -> int:
            while parent[n] != n:
                parent[n] = parent[parent[n]]
                n = parent[n]
            return n

        kept: list[_Laid] = []
        order = sorted(streets, key=lambda s: (not s[0].main, self.rng.random()))
        for street, where in order:
            a, b = root(street.a), root(street.b)
            parent[a] = b
            if a != b or street.main or self.rng.random() < 0.72:
                kept.append((street, where))
        return sorted(kept, key=lambda s: s[1])

    def _choose_cells(self) -> tuple[tuple[int, int], list[tuple[int, int]], list[tuple[int, int]]]:
        school = self._nearest_cell(0.42 * self.half_width, -0.45 * self.half_height)
        park_x = -0.32 * self.half_width
        parks = [self._nearest_cell(park_x + n * BLOCK_M, self._river_y(park_x) - 70, dry=False) for n in range(2)]
        count = max(3, round(self.across / 5))
        works = [
            self._nearest_cell(-0.7 * self.half_width + n // 3 * BLOCK_M, (n % 3 - 2) * BLOCK_M) for n in range(count)
        ]
        return school, parks, works

    def _nearest_cell(self, x: float, y: float, *, dry: bool = True) -> tuple[int, int]:
        """The whole block nearest to a point that is not special yet (and dry); it is special from now on."""
        cells = [c for c in self.grid if c not in self.special and self._cell_corners(c)]
        cells = [
            c for c in cells if not dry or abs(self._cell_middle(c)[1] - self._river_y(self._cell_middle(c)[0])) > 95
        ]
        best = min(cells, key=lambda c: math.dist(self._cell_middle(c), (x, y)))
        self.special.add(best)
        return best

    def _cell_corners(self, cell: tuple[int, int]) -> list[int] | None:
        i, j = cell
        around = [self.grid.get(c) for c in ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1))]
        return [c for c in around if c is not None] if None not in around else None

    def _cell_middle(self, cell: tuple[int, int]) -> XY:
        ring = [self.corners[c] for c in self._cell_corners(cell) or ()]
        return sum(p[0] for p in ring) / 4, sum(p[1] for p in ring) / 4

    def _in_cell(self, cell: tuple[int, int], kind: str, name: str, share: float) -> Place:
        """One large building or ground that fills `share` of a block; its door is at the block's first corner."""
        mx, my = self._cell_middle(cell)
        around = self._cell_corners(cell) or []
        ring = tuple(
            (mx + share * (self.corners[c][0] - mx), my + share * (self.corners[c][1] - my)) for c in around
        )  # fmt: skip
        return Place(name, kind, mx, my, self.corners[around[0]], (around[0], around[0]), ring)

    def _houses(self, streets: list[_Laid]) -> tuple[list[Place], list[Place]]:
        homes: list[Place] = []
        shops: list[Place] = []
        numbers: dict[str, int] = {}
        for street, (axis, i, j) in streets:
            left = (i, j) if axis == "row" else (i - 1, j)
            right = (i, j - 1) if axis == "row" else (i, j)
            for side, cell in ((1, left), (-1, right)):
                if cell not in self.special:
                    self._line_street(street, side, numbers, homes, shops)
        return homes, shops

    def _line_street(
        self, street: Street, side: int, numbers: dict[str, int], homes: list[Place], shops: list[Place]
    ) -> None:
        (ax, ay), (bx, by) = self.corners[street.a], self.corners[street.b]
        length = math.hypot(bx - ax, by - ay)
        ux, uy = (bx - ax) / length, (by - ay) / length
        along = 21.0 + self.rng.uniform(0, 6)
        while along < length - 21:
            wide = self.rng.uniform(8, 15)
            middle = along + wide / 2
            door = (ax + ux * middle, ay + uy * middle)
            off = WALKWAY_M + self.rng.uniform(-1, 3)
            x, y = door[0] - uy * off * side, door[1] + ux * off * side
            along += wide + self.rng.choice((1.0, 2.0, 5.0, 9.0))
            if abs(y - self._river_y(x)) < 30:
                continue
            ring = _rectangle(x, y, ux, uy, wide, self.rng.uniform(8, 12))
            number = numbers[street.name] = numbers.get(street.name, 0) + 1
            shop = street.name == "High Street" and abs(y) < self.half_height * 0.42
            name = _SHOPS[len(shops) % len(_SHOPS)] if shop else f"{number} {street.name}"
            place = Place(name, "shop" if shop else "home", x, y, door, (street.a, street.b), ring)
            (shops if shop else homes).append(place)

    def _river_ring(self) -> tuple[XY, ...]:
        reach = self.half_width * 2.2
        xs = [-reach + 2 * reach * n / 90 for n in range(91)]
        width = [11 + 3 * math.sin(x / 170 + self.phases[7]) for x in xs]
        north = [(x, self._river_y(x) + w) for x, w in zip(xs, width, strict=True)]
        south = [(x, self._river_y(x) - w) for x, w in zip(xs, width, strict=True)]
        return (*north, *reversed(south))

    def _rail(self) -> tuple[XY, ...]:
        east = max(x for x, _ in self.corners) + 55
        reach = self.half_height + 11_000  # the next town, where some work
        ys = [-self.half_height * 2 + (reach + self.half_height * 2) * n / 120 for n in range(121)]
        station_y = self._east_end()[1]
        return tuple((east + ((y - station_y) / 5200) ** 2 * 420, y) for y in ys)

    def _east_end(self) -> tuple[float, float, int]:
        corner = max((n for (_, j), n in self.grid.items() if j == self.up // 2), key=lambda n: self.corners[n][0])
        return (*self.corners[corner], corner)

    def _station(self, rail: tuple[XY, ...]) -> Place:
        x, y, corner = self._east_end()
        rail_x = min(rail, key=lambda p: abs(p[1] - y))[0]
        middle = (rail_x - 16, y)
        return Place(
            "Alderbeck Station", "station", *middle, (x, y), (corner, corner), _rectangle(*middle, 0, 1, 52, 12)
        )


def _rectangle(x: float, y: float, ux: float, uy: float, wide: float, deep: float) -> tuple[XY, ...]:
    return tuple(
        (x + ux * wide / 2 * s - uy * deep / 2 * t, y + uy * wide / 2 * s + ux * deep / 2 * t)
        for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    )
