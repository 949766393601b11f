from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_dsl.robots.order import WORLD, NotATreeError, depth_first, path_key


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Edges of a random tree, in random order."""
    size = draw(st.integers(1, 12))
    edges = [(f"b{draw(st.integers(0, child - 1))}", f"b{child}") for child in range(1, size + 1)]
    return draw(st.permutations(edges))


@settings(deadline=None)
@given(trees())
def test_parents_come_first_and_subtrees_stay_together(edges: list[tuple[str, str]]) -> None:
    order = depth_first(edges)
    assert sorted(order.joints) == list(range(len(edges)))
    assert order.bodies[0] == "b0"
    # Bodies are the root and then the child of every joint in turn: that is what depth first means here.
    assert order.bodies[1:] == tuple(edges[index][1] for index in order.joints)
    stack = ["b0"]
    for index in order.joints:
        parent, child = edges[index]
        while stack[-1] != parent:
            stack.pop()
        stack.append(child)


@settings(deadline=None)
@given(trees())
def test_siblings_keep_the_order_they_are_given_in(edges: list[tuple[str, str]]) -> None:
    rank = {index: place for place, index in enumerate(depth_first(edges).joints)}
    for first, (parent, _) in enumerate(edges):
        for second in range(first + 1, len(edges)):
            if edges[second][0] == parent:
                assert rank[first] < rank[second]


def test_the_world_is_no_body() -> None:
    order = depth_first([("cart", "pole"), (WORLD, "rail"), ("rail", "cart")])
    assert order.joints == (1, 2, 0)
    assert order.bodies == ("rail", "cart", "pole")


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([("a", "b"), ("c", "b")], "two joints lead to body 'b'"),
        ([("a", "b"), ("c", "d")], "2 bodies have no parent: a, c"),
        ([("a", "b"), ("b", "a")], "0 bodies have no parent"),
        ([("a", "b"), ("c", "d"), ("d", "c")], "loop"),
    ],
)
def test_what_is_no_tree(edges: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(NotATreeError, match=message):
        depth_first(edges)


@settings(deadline=None)
@given(st.lists(st.from_regex(r"(/[A-Za-z_][A-Za-z0-9_]{0,3}){1,3}", fullmatch=True), unique=True, max_size=8))
def test_paths_sort_as_usd_sorts_them(paths: list[str]) -> None:
    sdf = pytest.importorskip("pxr.Sdf")
    assert sorted(paths, key=path_key) == [str(path) for path in sorted(sdf.Path(path) for path in paths)]
