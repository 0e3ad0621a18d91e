"""A made-up study, and what others published of it."""

import pytest

from tests.helpers import figure_study


@pytest.fixture(scope="module")
def study():
    return figure_study.study()


@pytest.fixture(scope="module")
def elsewhere():
    return figure_study.elsewhere()
