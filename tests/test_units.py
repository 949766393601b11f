"""Units and dimensions: the algebra, the spelling, and what an unknown unit was probably meant to be."""

from __future__ import annotations

import math
import string
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stripe_dsl import units
from stripe_dsl.dimensions import _KNOWN
from stripe_dsl.units import (
    ANGLE,
    ANGULAR_SPEED,
    DIMENSIONLESS,
    LENGTH,
    TORQUE,
    UNIT_NAMES,
    Dimension,
    UnitError,
    format_quantity,
    parse_unit,
    suggest_unit,
    usual_units,
)

exponents = st.one_of(st.integers(-4, 4), st.fractions(-3, 3, max_denominator=6))
dimensions = st.lists(exponents, min_size=7, max_size=7).map(
    lambda powers: Dimension(tuple(powers)) ** 1  # ** normalises fractions such as 2/1
)
powers = st.one_of(st.integers(-3, 3), st.fractions(-3, 3, max_denominator=4))


@given(dimensions, dimensions, dimensions)
def test_dimensions_form_an_abelian_group(a: Dimension, b: Dimension, c: Dimension) -> None:
    assert a * b == b * a
    assert (a * b) * c == a * (b * c)
    assert a * DIMENSIONLESS == a
    assert (a / a).is_none
    assert a / b == a * b**-1
    assert hash(a * b / b) == hash(a)


@given(dimensions, dimensions, powers, powers)
def test_powers_distribute(a: Dimension, b: Dimension, p: int | Fraction, q: int | Fraction) -> None:
    assert (a * b) ** p == a**p * b**p
    assert (a**p) ** q == a ** (Fraction(p) * Fraction(q))
    assert a**p * a**q == a ** (Fraction(p) + Fraction(q))


@given(dimensions)
def test_a_printed_dimension_reads_back_with_scale_one(dimension: Dimension) -> None:
    assume(len(str(dimension)) <= 100)
    unit = parse_unit(str(dimension))
    assert unit.dimension == dimension
    assert unit.scale == 1.0


@given(st.integers(-3, 3), dimensions)
def test_a_root_undoes_a_power(power: int, dimension: Dimension) -> None:
    assume(power != 0)
    assert (dimension**power) ** (1 / power) == dimension  # the float 1/3 means a third


@pytest.mark.parametrize("name", sorted(UNIT_NAMES))
def test_every_unit_name_parses_and_counts_as_usual(name: str) -> None:
    unit = parse_unit(name)
    assert unit.scale > 0
    assert name in usual_units(unit.dimension)


@given(st.floats(-1e9, 1e9), st.sampled_from([*sorted(UNIT_NAMES), "/ha", "(m/s)^2", "km/h", "N*m/rad", "%"]))
def test_a_formatted_quantity_reads_back(value: float, text: str) -> None:
    unit = parse_unit(text)
    number, spelling = format_quantity(value * unit.scale, unit.dimension, text).split(" ", 1)
    assert spelling == text
    assert float(number) == pytest.approx(value, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize(
    ("text", "scale", "printed"),
    [
        ("m/s", 1.0, "m/s"),
        ("km/h", 1 / 3.6, "m/s"),
        ("deg/s", math.pi / 180, "rad/s"),
        ("rev/min", math.tau / 60, "rad/s"),
        ("N*m/rad", 1.0, "N*m/rad"),
        ("N*s/m", 1.0, "N*s/m"),
        ("N*m*s/rad", 1.0, "N*m*s/rad"),
        ("kg*m/s^2", 1.0, "N"),
        ("kg*m^2", 1.0, "kg*m^2"),
        ("kg*m^2/s^3", 1.0, "W"),
        ("J", 1.0, "N*m"),
        ("Hz", 1.0, "1/s"),
        ("/s", 1.0, "1/s"),
        ("1/s", 1.0, "1/s"),
        ("m/s/s", 1.0, "m/s^2"),
        ("(m/s)^2", 1.0, "(m/s)^2"),
        ("(deg)^2", (math.pi / 180) ** 2, "rad^2"),
        ("/(N*m)^2", 1.0, "1/(N*m)^2"),
        ("/ha", 1e-4, "1/m^2"),
        ("/m2", 1.0, "1/m^2"),
        ("m^0.5", 1.0, "m^0.5"),
        ("m^(1/3)", 1.0, "m^(1/3)"),
        ("m^-2", 1.0, "1/m^2"),
        ("%", 0.01, "1"),
        ("years", 31557600.0, "s"),
        ("kg/m*s", 1.0, "kg*s/m"),
    ],
)
def test_units_read_and_print(text: str, scale: float, printed: str) -> None:
    unit = parse_unit(text)
    assert unit.scale == pytest.approx(scale, rel=1e-12)
    assert str(unit.dimension) == printed


@pytest.mark.parametrize(
    ("text", "message", "part", "suggestion"),
    [
        ("degree", "unknown unit 'degree'", "degree", "deg"),
        ("°", "unknown unit '°'", "°", "deg"),
        ("meter/sec", "unknown unit 'meter'", "meter", "m/s"),
        ("radian", "unknown unit 'radian'", "radian", "rad"),
        ("Nm", "unknown unit 'Nm'", "Nm", "N*m"),
        ("Nm/rad", "unknown unit 'Nm'", "Nm", "N*m/rad"),
        ("1/Nm", "unknown unit 'Nm'", "Nm", "1/(N*m)"),
        ("Nm^2", "unknown unit 'Nm'", "Nm", "(N*m)^2"),
        ("rpm", "unknown unit 'rpm'", "rpm", "rev/min"),
        ("hz", "unknown unit 'hz'", "hz", "Hz"),
        ("KG", "unknown unit 'KG'", "KG", "kg"),
        ("m/s2", "unknown unit 's2'", "s2", "m/s^2"),
        ("hectars", "unknown unit 'hectars'", "hectars", "ha"),
        ("furlong", "unknown unit 'furlong'", "furlong", None),
        ("m**2", "'*' is not expected here in a unit", "*", "m^2"),
        ("m s", "a unit has no spaces inside", " ", "ms"),
        ("kg·m²", "'·' cannot stand in a unit", "·", "kg*m^2"),
        ("m²", "'²' cannot stand in a unit", "²", "m^2"),
        ("m^", "the unit ends too early", "", None),
        ("(m", "the unit ends too early", "", None),
        ("m)", "')' is not expected here in a unit", ")", None),
        ("m^x", "'x' is not expected here in a unit", "x", None),
        ("m^(1/0)", "a power over zero", "0", None),
        ("km^90", "the power is too large", "km^90", None),
        ("m^100", "the power is too large", "100", None),
        ("", "a unit is missing", "", None),
    ],
)
def test_what_is_no_unit_says_why(text: str, message: str, part: str, suggestion: str | None) -> None:
    with pytest.raises(UnitError) as caught:
        parse_unit(text)
    error = caught.value
    assert (error.message, text[error.start : error.end], error.suggestion) == (message, part, suggestion)


@given(st.text(alphabet=string.ascii_letters + string.digits + "*/^()-. %°²·", max_size=130))
def test_any_text_gives_a_unit_or_a_unit_error(text: str) -> None:
    try:
        unit = parse_unit(text)
    except UnitError as error:
        assert 0 <= error.start <= error.end <= len(text)
        if error.suggestion is not None:
            assert parse_unit(error.suggestion).scale > 0
    else:
        assert 0 < unit.scale < math.inf


@pytest.mark.parametrize("depth", [40, 60, 5000])
def test_deep_brackets_do_not_overflow_the_stack(depth: int) -> None:
    text = "(" * depth + "m" + ")" * depth
    if depth <= 40:
        assert parse_unit(text).dimension == LENGTH
    else:
        with pytest.raises(UnitError, match="at most"):
            parse_unit(text)


def test_angle_is_never_dropped() -> None:
    assert TORQUE * ANGULAR_SPEED != units.POWER
    assert TORQUE * ANGULAR_SPEED / ANGLE == units.POWER
    assert parse_unit("N*m").dimension == parse_unit("J").dimension
    assert units.ANGULAR_STIFFNESS * ANGLE == TORQUE


def test_known_dimensions_are_named_and_spelt_once() -> None:
    assert ANGULAR_SPEED.name == "angular speed"
    assert (LENGTH**7).name is None
    spellings = [spelling for spelling, _ in _KNOWN.values()]
    assert len(set(spellings)) == len(spellings)


def test_quantities_as_the_language_writes_them() -> None:
    deg = parse_unit("deg")
    assert format_quantity(38 * deg.scale, ANGLE, "deg") == "38 deg"
    assert format_quantity(0.05, units.AREA**-1, "/ha") == "500 /ha"
    assert format_quantity(3, units.FREQUENCY) == "3 /s"
    assert format_quantity(0.25, units.SPEED**2) == "0.25 (m/s)^2"
    assert format_quantity(2, DIMENSIONLESS) == "2"
    assert format_quantity(0.3, DIMENSIONLESS, "%") == "30 %"
    assert format_quantity(1e-9, LENGTH, "kg") == "1e-9 m", "a unit of another dimension is not used"


def test_suggestions_for_names_alone() -> None:
    assert suggest_unit("newtons") == "N"
    assert suggest_unit("zz") is None
