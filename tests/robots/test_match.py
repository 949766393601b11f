from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_dsl.robots.match import PatternError, match_names, suggest, suggest_pattern

LEGS = ("FL", "FR", "RL", "RR")
GO2 = [f"{leg}_{part}_joint" for leg in LEGS for part in ("hip", "thigh", "calf")]
ANYMAL = [f"{leg}_{part}" for leg in ("LF", "LH", "RF", "RH") for part in ("HAA", "HFE", "KFE")]


def test_the_whole_name_has_to_match() -> None:
    assert match_names("FL_hip", GO2) == []
    assert match_names("FL_hip.*", GO2) == ["FL_hip_joint"]
    assert match_names(".*", GO2) == GO2


def test_matches_keep_the_order_of_the_names() -> None:
    assert match_names("(RR|FL)_calf_joint", GO2) == ["FL_calf_joint", "RR_calf_joint"]


@pytest.mark.parametrize(
    ("pattern", "position", "hint"),
    [("(FL", 0, None), ("FL_[", 3, None), ("*_joint", 0, '".*_joint"')],
)
def test_what_is_no_regular_expression(pattern: str, position: int, hint: str | None) -> None:
    with pytest.raises(PatternError) as caught:
        match_names(pattern, GO2)
    assert caught.value.position == position
    assert pattern in caught.value.reason
    assert (caught.value.hint is None) == (hint is None)
    assert hint is None or hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("FL_hip_jiont", "FL_hip_joint"),
        ("fl_hip_joint", "FL_hip_joint"),
        ("RR_calf", "RR_calf_joint"),
        ("RL-thigh-joint", "RL_thigh_joint"),
    ],
)
def test_did_you_mean(name: str, expected: str) -> None:
    assert suggest(name, GO2)[0] == expected


def test_nothing_is_suggested_for_something_else() -> None:
    assert suggest("gripper", GO2) == []


@pytest.mark.parametrize(
    ("pattern", "names", "expected"),
    [
        (".*_foot_joint", GO2, (".*_calf_joint", 4)),
        (".*_hipp_joint", GO2, (".*_hip_joint", 4)),
        ("F[LR]_tigh_joint", GO2, ("F[LR]_thigh_joint", 2)),
        (".*_hip", GO2, (".*_hip_joint", 4)),
        (".*_KFA", ANYMAL, (".*_KFE", 4)),
        ("calf", GO2, (".*calf.*", 4)),
        ("FL_calf_joints", GO2, ("FL_calf_joint", 1)),
        ("slider", ["slider_to_cart", "cart_to_pole"], ("slider.*", 1)),
    ],
)
def test_a_pattern_of_the_same_shape_is_proposed(pattern: str, names: list[str], expected: tuple[str, int]) -> None:
    assert match_names(pattern, names) == []
    assert suggest_pattern(pattern, names) == expected


def test_no_pattern_is_proposed_for_something_else() -> None:
    assert suggest_pattern("zzz", GO2) is None
    assert suggest_pattern("[0-9]+", GO2) is None


@settings(deadline=None)
@given(st.text(max_size=12), st.lists(st.from_regex(r"[A-Za-z_]{1,8}", fullmatch=True), max_size=6))
def test_a_proposal_matches_as_often_as_it_says(pattern: str, names: list[str]) -> None:
    proposal = suggest_pattern(pattern, names)
    if proposal is not None:
        text, count = proposal
        assert count == len(match_names(text, names)) > 0


@settings(deadline=None)
@given(st.text(max_size=12))
def test_only_a_pattern_error_is_raised(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error:
        with pytest.raises(PatternError):
            match_names(pattern, GO2)
    else:
        assert set(match_names(pattern, GO2)) <= set(GO2)
