"""Tests: unit/ has the rooms of the library, helpers/ what several files share."""
