"""Noise: wavelengths in metres, octaves that fall, heights as asked, and the same everywhere."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_dsl.scene.grid import Field
from stripe_dsl.scene.noise import Axis, Noise, fbm, gradient, octave_seed, ridged

SEEDS = st.integers(0, 2**63 - 1)


def axis(length: float, cell: float) -> Axis:
    return np.arange(round(length / cell) + 1) * cell


def spectrum(field: Field, cell: float) -> tuple[Field, Field]:
    """Frequencies [1/m] and power of a square field."""
    window = np.hanning(field.shape[0])
    power = np.abs(np.fft.fft2((field - field.mean()) * window * window[:, None])) ** 2
    along = np.fft.fftfreq(field.shape[0], cell)
    frequency = np.hypot(*np.meshgrid(along, along))
    power[frequency < 1.5 / (field.shape[0] * cell)] = 0  # what the window makes of the mean
    return frequency, power


@pytest.mark.parametrize("feature", [0.5, 3.0, 8.0])
@pytest.mark.parametrize("noise", ["gradient", "fractal", "ridged"])
def test_feature_is_a_wavelength(noise: str, feature: float) -> None:
    """In each noise alike: in some the original's "scale" was a wavelength, in others a frequency."""
    xs = axis(40 * feature, feature / 8)
    one = {
        "gradient": gradient(xs, xs, feature, 3),
        "fractal": fbm(xs, xs, feature, 1, 0.5, 2.0, 3),
        "ridged": ridged(xs, xs, feature, 1, 0.5, 2.0, 3),
    }[noise]
    frequency, power = spectrum(one, feature / 8)
    assert (power * frequency).sum() / power.sum() == pytest.approx(1 / feature, rel=0.05)


@pytest.mark.parametrize("gain", [0.3, 0.5, 0.8])
def test_amplitudes_of_octaves_fall_by_the_gain(gain: float) -> None:
    """Measured in the sum of two octaves that lie far apart in the spectrum: the original's were all equal."""
    xs, apart = axis(64, 1 / 16), 16.0
    both = fbm(xs, xs, 8.0, 2, gain, apart, 5)
    frequency, power = spectrum(both, 1 / 16)
    middle = apart**0.5 / 8
    ratio = np.sqrt(power[frequency > middle].sum() / power[frequency <= middle].sum())
    assert ratio == pytest.approx(gain, rel=0.15)


def test_each_octave_adds_its_share() -> None:
    xs = axis(20, 0.25)
    for count in range(1, 5):
        more = fbm(xs, xs, 8.0, count + 1, 0.5, 2.0, 9) - fbm(xs, xs, 8.0, count, 0.5, 2.0, 9)
        alone = gradient(xs, xs, 8.0 / 2**count, octave_seed(9, count))
        assert np.allclose(more, 0.5**count * alone)


@given(SEEDS, st.sampled_from([0.1, 0.25, 0.5]), st.integers(2, 5))
@settings(max_examples=25, deadline=None)
def test_a_finer_grid_has_the_same_ground(seed: int, cell: float, finer: int) -> None:
    """After scaling to a height too."""
    noise = Noise(lambda x, y: fbm(x, y, 3.0, 3, 0.5, 2.0, seed), 0.75, (10.0, 10.0), 2.0)
    coarse = noise(axis(10, cell), axis(10, cell))
    fine = noise(axis(10, cell / finer), axis(10, cell / finer))
    assert np.allclose(coarse, fine[::finer, ::finer], atol=1e-9)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_gradient_noise_is_bounded_and_smooth(seed: int) -> None:
    xs = axis(20, 0.1)
    field = gradient(xs, xs, 2.0, seed)
    assert np.abs(field).max() <= 1
    assert np.abs(field.mean()) < 0.15
    assert np.abs(np.diff(field, axis=0)).max() < 0.35 and np.abs(np.diff(field, axis=1)).max() < 0.35


@given(SEEDS, st.floats(0.01, 20), st.sampled_from(["gradient", "fractal", "ridged"]))
@settings(max_examples=25, deadline=None)
def test_height_is_peak_to_valley(seed: int, height: float, kind: str) -> None:
    raw = {
        "gradient": lambda x, y: gradient(x, y, 4.0, seed),
        "fractal": lambda x, y: fbm(x, y, 4.0, 3, 0.5, 2.0, seed),
        "ridged": lambda x, y: ridged(x, y, 4.0, 3, 0.5, 2.0, seed),
    }[kind]
    field = Noise(raw, 1.0, (15.0, 10.0), height)(axis(15, 1 / 16), axis(10, 1 / 16))
    assert field.shape == (161, 241)
    missed = 0.08 if kind == "ridged" else 0.03  # the very crest lies between vertices, and a sharp one more so
    assert (1 - missed) * height <= np.ptp(field) <= 1.02 * height
    assert field.max() + field.min() == pytest.approx(0, abs=missed * height)


def test_seeds_and_octaves_have_nothing_in_common() -> None:
    xs = axis(100, 0.5)
    fields = [gradient(xs, xs, 2.0, seed) for seed in (1, 2, 3, octave_seed(1, 0), octave_seed(1, 1))]
    related = np.corrcoef([field.ravel() for field in fields]) - np.eye(len(fields))
    assert np.abs(related).max() < 0.06


def test_another_process_makes_the_same() -> None:
    code = (
        "import hashlib, numpy as np\n"
        "from stripe_dsl.scene.noise import fbm, ridged\n"
        "xs = np.arange(101) * 0.25\n"
        "fields = fbm(xs, xs, 8.0, 4, 0.5, 2.0, 7), ridged(xs, xs, 8.0, 4, 0.5, 2.0, 7)\n"
        "print(hashlib.sha256(b''.join(field.tobytes() for field in fields)).hexdigest())\n"
    )
    xs = np.arange(101) * 0.25
    fields = fbm(xs, xs, 8.0, 4, 0.5, 2.0, 7), ridged(xs, xs, 8.0, 4, 0.5, 2.0, 7)
    here = hashlib.sha256(b"".join(field.tobytes() for field in fields)).hexdigest()
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert there == here
