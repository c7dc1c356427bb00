"""Which names are those of something that was set aside, and which are only alike."""

from __future__ import annotations

import pytest

from diagnostics.facts.other_names import is_other_name


@pytest.mark.parametrize(
    "name",
    ["Vendor", "VENDOR", "vendor-old", "vendor_bak", "_vendor", ".vendor", "vendor.1", "vendor (1)", "vendor - Copy", "vendor - Kopie (2)",
     "Copy of vendor", "vendor.2026-11-02", "vendor_20261102", "vendor-1.4", "vendor-master", "old.vendor", "vendor~", "vendor_", "vendor2",
     "vendor.old.2", "VENDOR-OLD", "xx_vendor", "vendor (old)", "vendor.disabled"],
)  # fmt: skip
def test_folder_that_was_set_aside(name: str) -> None:
    assert is_other_name(name, "vendor", is_folder=True)


@pytest.mark.parametrize(
    "name",
    ["vendor", "vendors", "myvendor", "vendor-assets", "vendor.suspected", "vendor_infected", "vendorold", "old", "vend", "en-vendor"],
)
def test_folder_that_is_another_one(name: str) -> None:
    assert not is_other_name(name, "vendor", is_folder=True)


@pytest.mark.parametrize(
    "name",
    ["config.php.bak", "config.php~", "config.php.old", "config (1).php", "config_old.php", "config-copy.php", "_config.php", "Config.php",
     "config.PHP", "config.php.txt", "config.php.20261102", "config.php.1", "config - Copy.php", "config.old.php", "config_20261102.php",
     "old_config.php", "config.php_", "Copy of config.php"],
)  # fmt: skip
def test_file_that_was_set_aside(name: str) -> None:
    assert is_other_name(name, "config.php", is_folder=False)


@pytest.mark.parametrize(
    "name",
    ["config.php", "config.sample.php", "config.php.dist", "config.php-dist", "config.php.suspected", "config.php.infected",
     "config.inc.php",
     "config-2.php", "configs.php", "config.js", "config", "my-config.php", "config.php.swp", "config.default.php"],
)  # fmt: skip
def test_file_that_is_another_one(name: str) -> None:
    assert not is_other_name(name, "config.php", is_folder=False)


def test_name_without_an_ending_and_one_of_signs() -> None:
    assert is_other_name(".env.bak", ".env", is_folder=False) and is_other_name("artisan_old", "artisan", is_folder=False)
    assert not is_other_name(".env.example", ".env", is_folder=False) and not is_other_name("a", "", is_folder=False)
    assert is_other_name("a+b (1)", "a+b", is_folder=True) and not is_other_name("aab (1)", "a+b", is_folder=True)
