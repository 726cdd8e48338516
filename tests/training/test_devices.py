"""What devices tells without torch agrees with what torch finds, and a driver is asked as its manual says."""

import ctypes

import pytest
import torch

from core.models import MODELS
from core.training import devices


def test_agrees_with_torch():
    devices.present.cache_clear()
    found = devices.present()
    assert found[0] == "cpu"
    assert ("cuda" in found) == torch.cuda.is_available()
    assert ("mps" in found) == torch.backends.mps.is_available()


def test_every_device_of_a_model_has_a_title():
    assert {device for spec in MODELS.values() for device in spec.devices} == set(devices.TITLES)


@pytest.mark.parametrize(("failing", "count", "found"), [(0, 2, True), (0, 0, False), (100, 2, False)])
def test_a_dgrowth_without_devices_is_no_device(monkeypatch, failing, count, found):
    class Driver:
        def cuInit(self, flags):  # noqa: N802 - NVIDIA's name
            return failing

        def cuDeviceGetCount(self, pointer):  # noqa: N802
            pointer._obj.value = count
            return 0

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Driver())
    devices.present.cache_clear()
    assert ("cuda" in devices.present()) == found
    devices.present.cache_clear()
