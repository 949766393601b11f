"""Units: how a quantity is spelt, and its value in SI. Dimensions stand in ``stripe_dsl.dimensions``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from stripe_dsl.dimensions import (
    ACCELERATION,
    ANGLE,
    ANGULAR_ACCELERATION,
    ANGULAR_DAMPING,
    ANGULAR_SPEED,
    ANGULAR_STIFFNESS,
    AREA,
    CURRENT,
    DAMPING,
    DENSITY,
    DIMENSIONLESS,
    ENERGY,
    FORCE,
    FREQUENCY,
    ILLUMINANCE,
    IMPULSE,
    INERTIA,
    LENGTH,
    LUMINOUS_FLUX,
    LUMINOUS_INTENSITY,
    MASS,
    POWER,
    PRESSURE,
    RESISTANCE,
    SPEED,
    STIFFNESS,
    TEMPERATURE,
    TIME,
    TORQUE,
    VOLTAGE,
    VOLUME,
    Dimension,
    Exponent,
    exact,
)

# fmt: off
__all__ = [
    "ACCELERATION", "ANGLE", "ANGULAR_ACCELERATION", "ANGULAR_DAMPING", "ANGULAR_SPEED", "ANGULAR_STIFFNESS",
    "AREA", "CURRENT", "DAMPING", "DENSITY", "DIMENSIONLESS", "ENERGY", "FORCE", "FREQUENCY", "ILLUMINANCE",
    "IMPULSE", "INERTIA", "LENGTH", "LUMINOUS_FLUX", "LUMINOUS_INTENSITY", "MASS", "POWER", "PRESSURE",
    "RESISTANCE", "SPEED", "STIFFNESS", "TEMPERATURE", "TIME", "TORQUE", "UNIT_NAMES", "VOLTAGE", "VOLUME",
    "Dimension", "Unit", "UnitError", "format_number", "format_quantity", "parse_unit", "suggest_unit",
    "usual_units",
]
# fmt: on

_MAX_TEXT = 100
_MAX_POWER = 99


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: ``scale`` turns a value in this unit into SI (with radians), ``dimension`` says what it measures."""

    scale: float
    dimension: Dimension

    def __mul__(self, other: Unit) -> Unit:
        return Unit(self.scale * other.scale, self.dimension * other.dimension)

    def __truediv__(self, other: Unit) -> Unit:
        return Unit(self.scale / other.scale, self.dimension / other.dimension)

    def __pow__(self, power: float | Fraction) -> Unit:
        return Unit(self.scale ** float(power), self.dimension**power)


class UnitError(ValueError):
    """Text that is no unit.

    Attributes:
        message: what is wrong, lower case, no full stop.
        suggestion: the whole text as it was probably meant, or ``None``.
        start: offset in the text of the part that is wrong.
        end: offset just after that part.
    """

    def __init__(self, message: str, suggestion: str | None = None, start: int = 0, end: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.suggestion = suggestion
        self.start = start
        self.end = end


_MINUTE, _HOUR, _DAY, _YEAR = 60.0, 3600.0, 86400.0, 365.25 * 86400.0
_UNITS: dict[str, Unit] = {
    name: Unit(scale, dimension)
    for dimension, names in {
        DIMENSIONLESS: {"%": 0.01},
        LENGTH: {"m": 1.0, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "km": 1e3},
        AREA: {"m2": 1.0, "cm2": 1e-4, "km2": 1e6, "ha": 1e4},
        VOLUME: {"m3": 1.0},
        MASS: {"kg": 1.0, "g": 1e-3, "mg": 1e-6, "t": 1e3},
        TIME: {"s": 1.0, "ms": 1e-3, "us": 1e-6, "min": _MINUTE, "h": _HOUR}
        | dict.fromkeys(("second", "seconds"), 1.0)
        | dict.fromkeys(("minute", "minutes"), _MINUTE)
        | dict.fromkeys(("hour", "hours"), _HOUR)
        | dict.fromkeys(("day", "days"), _DAY)
        | dict.fromkeys(("year", "years"), _YEAR),
        ANGLE: {"rad": 1.0, "mrad": 1e-3, "deg": math.pi / 180, "turn": math.tau, "turns": math.tau, "rev": math.tau},
        FREQUENCY: {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6},
        FORCE: {"N": 1.0, "mN": 1e-3, "kN": 1e3, "MN": 1e6},
        PRESSURE: {"Pa": 1.0, "kPa": 1e3, "MPa": 1e6, "GPa": 1e9, "bar": 1e5},
        ENERGY: {"J": 1.0, "mJ": 1e-3, "kJ": 1e3, "MJ": 1e6},
        POWER: {"W": 1.0, "mW": 1e-3, "kW": 1e3, "MW": 1e6},
        CURRENT: {"A": 1.0, "mA": 1e-3},
        VOLTAGE: {"V": 1.0, "mV": 1e-3, "kV": 1e3},
        RESISTANCE: {"ohm": 1.0},
        TEMPERATURE: {"K": 1.0},
        LUMINOUS_FLUX: {"lm": 1.0},
        ILLUMINANCE: {"lx": 1.0},
        LUMINOUS_INTENSITY: {"cd": 1.0},
    }.items()
    for name, scale in names.items()
}

UNIT_NAMES: frozenset[str] = frozenset(name for name in _UNITS if name.isidentifier())
"""Names of units; they cannot name anything else in a program. (``min`` is a minute and a function of the language.)"""

# What people write instead, and what it is called here. Compared in lower case.
_OTHER_SPELLINGS = {
    other: meant
    for meant, others in {
        "m": "meter meters metre metres mtr",
        "cm": "centimeter centimeters centimetre centimetres",
        "mm": "millimeter millimeters millimetre millimetres",
        "km": "kilometer kilometers kilometre kilometres",
        "m2": "sqm qm",
        "ha": "hectare hectares",
        "deg": "degree degrees degs °",
        "rad": "radian radians rads",
        "rev": "revolution revolutions revs",
        "rev/min": "rpm",
        "rev/s": "rps",
        "s": "sec secs",
        "ms": "msec millisecond milliseconds",
        "min": "mins",
        "h": "hr hrs",
        "day": "d",
        "year": "y yr yrs",
        "g": "gr gram grams",
        "kg": "kilo kilos kgs kilogram kilograms",
        "t": "ton tons tonne tonnes",
        "m/s": "mps",
        "km/h": "kph kmh kmph",
        "N": "newton newtons",
        "N*m": "nm newtonmeter newtonmeters",
        "N*m*s": "nms",
        "N*s": "ns",
        "Hz": "hertz",
        "Pa": "pascal pascals",
        "J": "joule joules",
        "W": "watt watts",
        "V": "volt volts",
        "A": "amp amps ampere amperes",
        "K": "kelvin kelvins",
        "lm": "lumen lumens",
        "lx": "lux",
        "%": "percent pct",
    }.items()
    for other in others.split()
}

_TOKEN = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*|[%°])|(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<sign>[*/^()\-])")
_PRETTY = str.maketrans({"·": "*", "×": "*", "²": "^2", "³": "^3", "−": "-", "µ": "u", "μ": "u", "Ω": "ohm", " ": None})  # noqa: RUF001


@lru_cache(maxsize=1024)
def parse_unit(text: str) -> Unit:
    """Reads a unit such as ``m/s``, ``kg*m^2``, ``(m/s)^2``, ``/ha``, ``1/s``, ``/(N*m)^2``, ``m^0.5``, ``m^(1/3)``.

    ``*`` and ``/`` have the same rank and read from the left: ``a/b*c`` is ``(a/b)*c``.

    Raises:
        UnitError: the text is no unit; carries a suggestion where one is likely.
    """
    return _UnitParser(text).parse()


class _UnitParser:
    """Recursive descent over the tokens of one unit."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[re.Match[str]] = []
        self.index = 0

    def parse(self) -> Unit:
        if len(self.text) > _MAX_TEXT:
            raise UnitError(f"a unit has at most {_MAX_TEXT} characters", None, 0, len(self.text))
        self._scan()
        if not self.tokens:
            raise UnitError("a unit is missing")
        unit = self._product()
        if self.index < len(self.tokens):
            raise self._unexpected()
        return unit

    def _scan(self) -> None:
        at = 0
        while at < len(self.text):
            match = _TOKEN.match(self.text, at)
            if match is None:
                char = self.text[at]
                message = "a unit has no spaces inside" if char.isspace() else f"{char!r} cannot stand in a unit"
                raise UnitError(message, self._plainly(), at, at + 1)
            self.tokens.append(match)
            at = match.end()

    def _plainly(self) -> str | None:
        """The text with typographic signs replaced, if that makes it a unit."""
        plain = "".join(self.text.split()).translate(_PRETTY)
        return self._mended(plain) if plain != self.text else None

    @staticmethod
    def _mended(text: str) -> str | None:
        """``text`` if it is a unit, else what its own error suggests: one mend may uncover a second mistake."""
        try:
            parse_unit(text)
        except UnitError as error:
            return error.suggestion
        return text

    def _peek(self) -> str:
        return self.tokens[self.index].group() if self.index < len(self.tokens) else ""

    def _accept(self, sign: str) -> bool:
        if self._peek() != sign:
            return False
        self.index += 1
        return True

    def _unexpected(self) -> UnitError:
        if self.index >= len(self.tokens):
            return UnitError("the unit ends too early", None, len(self.text), len(self.text))
        token = self.tokens[self.index]
        before = self.tokens[self.index - 1] if self.index else None
        suggestion = None
        if before is not None and before.group() != "(" and token.lastgroup == "number":
            suggestion = self._mended(self.text[: token.start()] + "^" + self.text[token.start() :])
        elif before is not None and (token.lastgroup == "name" or token.group() == "("):
            suggestion = self._mended(self.text[: token.start()] + "*" + self.text[token.start() :])
        elif token.group() == "*" and before is not None and before.group() == "*":
            suggestion = self._mended(self.text.replace("**", "^"))
        return UnitError(f"'{token.group()}' is not expected here in a unit", suggestion, *token.span())

    def _product(self) -> Unit:
        unit = Unit(1.0, DIMENSIONLESS) if self._peek() == "/" else self._power()
        while True:
            if self._accept("*"):
                unit *= self._power()
            elif self._accept("/"):
                unit /= self._power()
            else:
                return unit

    def _power(self) -> Unit:
        start = self.index
        unit = self._factor()
        if not self._accept("^"):
            return unit
        exponent = self._exponent()
        try:
            power = unit**exponent
        except OverflowError:
            power = None
        if power is None or not 1e-200 < power.scale < 1e200:
            first, last = self.tokens[start], self.tokens[self.index - 1]
            raise UnitError("the power is too large", None, first.start(), last.end())
        return power

    def _exponent(self) -> Exponent:
        bracket = self._accept("(")
        negative = self._accept("-")
        value = self._number()
        if bracket:
            if self._accept("/"):
                below = self._number()
                if below == 0:
                    raise UnitError("a power over zero", None, *self.tokens[self.index - 1].span())
                value = value / below
            if not self._accept(")"):
                raise self._unexpected()
        return exact(-value if negative else value)

    def _number(self) -> Fraction:
        if self.index >= len(self.tokens) or self.tokens[self.index].lastgroup != "number":
            raise self._unexpected()
        token = self.tokens[self.index]
        self.index += 1
        value = Fraction(token.group())
        if value > _MAX_POWER:
            raise UnitError("the power is too large", None, *token.span())
        return value

    def _factor(self) -> Unit:
        if self._accept("("):
            unit = self._product()
            if not self._accept(")"):
                raise self._unexpected()
            return unit
        if self._accept("1"):
            return Unit(1.0, DIMENSIONLESS)
        if self.index >= len(self.tokens) or self.tokens[self.index].lastgroup != "name":
            raise self._unexpected()
        token = self.tokens[self.index]
        unit = _UNITS.get(token.group())
        if unit is None:
            raise self._unknown(token)
        self.index += 1
        return unit

    def _unknown(self, token: re.Match[str]) -> UnitError:
        name = token.group()
        meant = suggest_unit(name)
        suggestion = None
        if meant is not None:
            after = self.text[token.end() :]
            before = self.text[: token.start()]
            # `1/Nm` means 1/(N*m), and a power belongs to the whole of what replaces the name.
            if (before.endswith("/") and re.search("[*/]", meant)) or (after.startswith("^") and meant not in _UNITS):
                meant = f"({meant})"
            suggestion = self._mended(before + meant + after)
        return UnitError(f"unknown unit '{name}'", suggestion, *token.span())


def suggest_unit(name: str) -> str | None:
    """The unit probably meant by a name that is none: ``degree`` → ``deg``, ``Nm`` → ``N*m``, ``rpm`` → ``rev/min``."""
    lower = name.lower()
    if lower in _OTHER_SPELLINGS:
        return _OTHER_SPELLINGS[lower]
    folded = [unit for unit in _UNITS if unit.lower() == lower]
    if folded:
        return folded[0]
    if match := re.fullmatch(r"(\D+)(\d)", name):
        head = match[1] if match[1] in _UNITS else suggest_unit(match[1])
        if head is not None:
            return f"{head}^{match[2]}" if head in _UNITS else f"({head})^{match[2]}"
    if len(name) < 4:
        return None  # a near miss of two or three letters says nothing
    import difflib  # only on the way to an error message

    close = difflib.get_close_matches(
        lower, [word for word in (*_UNITS, *_OTHER_SPELLINGS) if len(word) > 2], n=1, cutoff=0.75
    )
    return _OTHER_SPELLINGS.get(close[0], close[0]) if close else None


def usual_units(dimension: Dimension) -> tuple[str, ...]:
    """Spellings a user may want for a dimension, the usual one first: ``("m", "cm", "mm", "um", "km")`` for length."""
    singles = [name for name, unit in _UNITS.items() if unit.dimension == dimension]
    first = str(dimension)
    if first.startswith("1/") and singles:  # `120 Hz` rather than `120 1/s`
        return tuple(singles)
    first = f"/{first[2:]}" if first.startswith("1/") else first
    return (first, *(name for name in singles if name != first))


def format_quantity(value_si: float, dimension: Dimension, preferred: str | None = None) -> str:
    """Writes a value given in SI as the language writes it: ``38 deg``, ``500 /ha``, ``0.25 (m/s)^2``, ``2``.

    Args:
        value_si: the value in SI units, angles in radians.
        dimension: what it measures.
        preferred: the unit to use, if it has this dimension; otherwise, or if ``None``, the SI one.
    """
    unit, scale = str(dimension), 1.0
    if preferred is not None:
        try:
            wanted = parse_unit(preferred)
        except UnitError:
            wanted = None
        if wanted is not None and wanted.dimension == dimension:
            unit, scale = preferred, wanted.scale
    number = format_number(value_si / scale)
    unit = unit.removeprefix("1")
    return f"{number} {unit}" if unit else number


def format_number(value: float) -> str:
    """Shortest decimal that keeps twelve digits, so that 38 deg through radians comes back as 38: ``0.25``, ``1e6``."""
    text = f"{value:.12g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return f"{mantissa}e{int(exponent)}"
