"""Dimensions: what a quantity measures.

Angle is a dimension of its own, and nothing drops it silently. So ``N*m`` is a torque (and an energy: the two share a
dimension), ``N*m/rad`` a stiffness, and torque times angular speed is ``N*m*rad/s``, which is not ``W``; a wheel's
speed times its radius is ``m*rad/s``, which is not ``m/s``. Whoever means the plain one divides by ``1 rad``.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

type Exponent = int | Fraction

_BASES = ("m", "kg", "s", "rad", "A", "K", "lm")


def exact(value: float | Fraction) -> Exponent:
    """The rational number meant: 0.5 is 1/2, 0.333… from ``1/3`` is 1/3. Integers stay ``int``, for speed."""
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        near = Fraction(value).limit_denominator(64)
        value = near if abs(near - Fraction(value)) < Fraction(1, 10**12) else Fraction(repr(value))
    return value.numerator if value.denominator == 1 else value


@dataclass(frozen=True, slots=True)
class Dimension:
    """What a quantity measures: exponents of metre, kilogram, second, radian, ampere, kelvin, lumen.

    Exponents are integers or, through roots, fractions. ``*``, ``/`` and ``**`` combine dimensions as they combine
    quantities. ``str()`` is the nicest unit of scale 1 that has the dimension, and ``parse_unit`` reads it back.
    """

    exponents: tuple[Exponent, ...] = (0,) * len(_BASES)

    @property
    def is_none(self) -> bool:
        """Whether this is the dimension of a plain number."""
        return not any(self.exponents)

    @property
    def name(self) -> str | None:
        """What a person calls it, such as ``angular speed``; ``None`` where there is no common word."""
        known = _KNOWN.get(self)
        return known[1] if known else None

    def __mul__(self, other: Dimension) -> Dimension:
        return Dimension(tuple(exact(a + b) for a, b in zip(self.exponents, other.exponents, strict=True)))

    def __truediv__(self, other: Dimension) -> Dimension:
        return Dimension(tuple(exact(a - b) for a, b in zip(self.exponents, other.exponents, strict=True)))

    def __pow__(self, power: float | Fraction) -> Dimension:
        factor = exact(power)
        return Dimension(tuple(exact(a * factor) for a in self.exponents))

    def __str__(self) -> str:
        return _spell(self)


def _dimension(**exponents: int) -> Dimension:
    return Dimension(tuple(exponents.get(base, 0) for base in _BASES))


DIMENSIONLESS = Dimension()
LENGTH = _dimension(m=1)
AREA = LENGTH**2
VOLUME = LENGTH**3
MASS = _dimension(kg=1)
TIME = _dimension(s=1)
ANGLE = _dimension(rad=1)
CURRENT = _dimension(A=1)
TEMPERATURE = _dimension(K=1)
LUMINOUS_FLUX = _dimension(lm=1)
FREQUENCY = TIME**-1
SPEED = LENGTH / TIME
ACCELERATION = SPEED / TIME
ANGULAR_SPEED = ANGLE / TIME
ANGULAR_ACCELERATION = ANGULAR_SPEED / TIME
FORCE = MASS * ACCELERATION
TORQUE = FORCE * LENGTH
ENERGY = TORQUE
POWER = ENERGY / TIME
PRESSURE = FORCE / AREA
IMPULSE = FORCE * TIME
DENSITY = MASS / VOLUME
INERTIA = MASS * AREA
STIFFNESS = FORCE / LENGTH
DAMPING = FORCE / SPEED
ANGULAR_STIFFNESS = TORQUE / ANGLE
ANGULAR_DAMPING = TORQUE / ANGULAR_SPEED
VOLTAGE = POWER / CURRENT
RESISTANCE = VOLTAGE / CURRENT
ILLUMINANCE = LUMINOUS_FLUX / AREA
LUMINOUS_INTENSITY = LUMINOUS_FLUX / ANGLE**2

# Spelling and everyday name of the dimensions that have one; all others are spelt from their factors.
_KNOWN: dict[Dimension, tuple[str, str]] = {
    DIMENSIONLESS: ("1", "plain number"),
    LENGTH: ("m", "length"),
    AREA: ("m^2", "area"),
    VOLUME: ("m^3", "volume"),
    MASS: ("kg", "mass"),
    TIME: ("s", "time"),
    ANGLE: ("rad", "angle"),
    CURRENT: ("A", "current"),
    TEMPERATURE: ("K", "temperature"),
    LUMINOUS_FLUX: ("lm", "luminous flux"),
    FREQUENCY: ("1/s", "rate"),
    SPEED: ("m/s", "speed"),
    ACCELERATION: ("m/s^2", "acceleration"),
    ANGULAR_SPEED: ("rad/s", "angular speed"),
    ANGULAR_ACCELERATION: ("rad/s^2", "angular acceleration"),
    FORCE: ("N", "force"),
    TORQUE: ("N*m", "torque"),
    POWER: ("W", "power"),
    PRESSURE: ("Pa", "pressure"),
    IMPULSE: ("N*s", "impulse"),
    DENSITY: ("kg/m^3", "density"),
    INERTIA: ("kg*m^2", "inertia"),
    STIFFNESS: ("N/m", "stiffness"),
    DAMPING: ("N*s/m", "damping"),
    ANGULAR_STIFFNESS: ("N*m/rad", "angular stiffness"),
    ANGULAR_DAMPING: ("N*m*s/rad", "angular damping"),
    VOLTAGE: ("V", "voltage"),
    RESISTANCE: ("ohm", "resistance"),
    ILLUMINANCE: ("lx", "illuminance"),
    LUMINOUS_INTENSITY: ("cd", "luminous intensity"),
}


@lru_cache(maxsize=1024)
def _spell(dimension: Dimension) -> str:
    """The nicest unit of scale 1: a known one, or the shorter product of bases with kilograms or with newtons."""
    known = _KNOWN.get(dimension)
    if known:
        return known[0]
    with_kg = dict(zip(_BASES, dimension.exponents, strict=True))
    mass = with_kg["kg"]
    with_newton = {"N": mass} | with_kg | {"kg": 0, "m": with_kg["m"] - mass, "s": with_kg["s"] + 2 * mass}
    kilograms, newtons = ({name: power for name, power in way.items() if power} for way in (with_kg, with_newton))
    # Bases keep one order everywhere, newton and kilogram first.
    order = ("N", "kg", "A", "m", "s", "rad", "K", "lm")
    best = min(kilograms, newtons, key=lambda way: sum(abs(power) for power in way.values()))
    return _product_text({name: best[name] for name in order if name in best})


def _product_text(powers: dict[str, Exponent]) -> str:
    common = next(iter(powers.values()))
    if len(powers) > 1 and abs(common) != 1 and all(abs(power) == abs(common) for power in powers.values()):
        inner = _product_text({name: exact(Fraction(power) / abs(common)) for name, power in powers.items()})
        if inner.startswith("1/"):
            return f"1/{inner[2:]}{_power_text(abs(common))}"
        return f"({inner}){_power_text(abs(common))}"
    above = [name + _power_text(power) for name, power in powers.items() if power > 0]
    below = [name + _power_text(-power) for name, power in powers.items() if power < 0]
    top = "*".join(above) or "1"
    if not below:
        return top
    return f"{top}/{below[0]}" if len(below) == 1 else f"{top}/({'*'.join(below)})"


def _power_text(power: Exponent) -> str:
    if power == 1:
        return ""
    if isinstance(power, int):
        return f"^{power}"
    return "^0.5" if power == Fraction(1, 2) else f"^({power.numerator}/{power.denominator})"
