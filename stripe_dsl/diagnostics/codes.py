"""All diagnostic codes. To add one: a line here, and a page ``explain/<code>.md`` (a test asks for it).

Bands: E01 syntax, E02 names, E03 shapes, E04 units and frames, E05 time and termination, E06 assets and files,
E07 feasibility of scenes, W lint. A code is never reused for something else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of mistake.

    Attributes:
        code: ``E0203``; ``W`` codes are warnings.
        title: a few words, the heading of its page.
        slug: the title for links, ``no-joint-matches``.
    """

    code: str
    title: str
    slug: str


_TITLES = {
    # Syntax
    "E0101": "unexpected token",
    "E0102": "missing closing brace",
    "E0103": "missing separator between statements",
    "E0104": "misspelt keyword",
    "E0105": "unterminated string",
    "E0106": "malformed number or quantity",
    "E0107": "invalid character",
    "E0108": "unknown unit",
    "E0109": "YAML is not well formed",
    "E0110": "missing operator or operand",
    "E0111": "unbalanced bars",
    # Names
    "E0201": "unknown name",
    "E0202": "defined twice",
    "E0203": "no joint matches",
    "E0204": "no body matches",
    "E0205": "pattern matches several where one is wanted",
    "E0206": "unknown key in a block",
    "E0207": "unknown block",
    "E0208": "unknown function",
    "E0209": "wrong arguments of a function",
    "E0210": "cyclic definition",
    "E0211": "import cycle",
    "E0212": "override of something that is not there",
    "E0213": "unknown field",
    "E0214": "missing key or block",
    "E0215": "joint in two actuator groups",
    "E0216": "unknown parameter in --set",
    "E0217": "reserved word used as a name",
    "E0218": "no such task, robot, object or scene",
    "E0219": "invalid pattern",
    "E0220": "invalid name",
    "E0221": "unknown configuration override",
    "E0222": "several tasks, choose one",
    "E0223": "not measured by the sensor",
    # Shapes
    "E0301": "shapes do not fit",
    "E0302": "one number is wanted",
    "E0303": "a vector is wanted",
    "E0304": "no such part",
    "E0305": "a condition is wanted",
    "E0306": "condition where a number is wanted",
    "E0307": "range and value confused",
    "E0308": "empty range",
    "E0309": "wrong type of value",
    "E0310": "default pose outside the limits of a joint",
    "E0311": "impossible robot",
    # Units and frames
    "E0401": "unlike units",
    "E0402": "function of a plain number",
    "E0403": "wrong or missing unit",
    "E0404": "frames mixed",
    "E0405": "missing frame",
    "E0406": "no such frame",
    "E0407": "missing angle unit",
    "E0408": "power without a fixed unit",
    "E0409": "joints of two kinds together",
    "E0420": "a symmetry that is none",
    # Time and termination
    "E0501": "control rate does not divide physics rate",
    "E0502": "missing episode length",
    "E0503": "memory of something constant",
    "E0504": "action read before it is known",
    "E0505": "name not available in this phase",
    "E0506": "episode shorter than one control step",
    "E0507": "constant termination",
    "E0515": "property that cannot change then",
    "E0518": "delay between two physics steps",
    # Assets and files
    "E0601": "file not found",
    "E0602": "broken robot file",
    "E0603": "package not installed",
    "E0604": "no such prim",
    "E0605": "not an articulation",
    "E0606": "the base is fixed",
    "E0607": "asset root is not set",
    "E0608": "generated file was edited by hand",
    "E0609": "output cannot be written",
    "E0610": "robot file that cannot be brought to USD",
    "E0615": "not possible on Newton",
    "E0616": "not generated yet",
    "E0617": "heights or values of a file",
    "E0618": "a mesh that leaves ground open",
    "E0619": "function of the user's",
    "E0620": "not a rigid object",
    # Feasibility of scenes
    "E0701": "more than the spacing can hold",
    "E0702": "no room for all",
    "E0703": "a requirement is not met",
    "E0705": "a grid that does not fit",
    "E0706": "outside of the scene",
    # Lint
    "W0001": "unused name",
    "W0002": "shadowed name",
    "W0003": "constant observation",
    "W0004": "reward weight is zero",
    "W0005": "joint names cannot be checked",
    "W0006": "joint without an actuator",
    "W0007": "reset outside the joint's limits",
    "W0008": "task without a timeout",
    "W0009": "new term resembles an inherited one",
    "W0010": "outside of the recorded step",
    "W0011": "no Warp environment",
    "W0016": "part of a robot file left out",
    "W0017": "some things left out",
    "W0018": "inherited observations left out",
    "W0019": "contacts that never come",
    "W0020": "term of a base that is fixed",
    "W0025": "places or heights of another scene",
}


def _slug(title: str) -> str:
    words = "".join(char if char.isalnum() else " " for char in title.lower().replace("'", ""))
    return "-".join(words.split())


CODES: dict[str, Code] = {code: Code(code, title, _slug(title)) for code, title in _TITLES.items()}
"""Every code, in order."""
