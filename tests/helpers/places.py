"""Where the project lies."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / "workflow"
LIBRARY = WORKFLOW / "prunescape"
RESOURCES = WORKFLOW / "resources"
