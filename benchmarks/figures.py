"""Figures of the documentation: numbers as JSON, and a plot of them as SVG that fetches nothing from elsewhere."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass
class Lines:
    """Some measures of the same things."""

    title: str
    across: str  # what differs from point to point
    unit: str
    points: list[str]
    lines: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, values: list[float]) -> None:
        self.lines[name] = [round(value, 1) for value in values]

    def show(self) -> None:
        print(f"{self.title} ({self.unit})\n{self.across:>28}" + "".join(f"{point:>12}" for point in self.points))
        for name, values in self.lines.items():
            print(f"{name:>28}" + "".join(f"{value:12,.0f}" for value in values))

    def write(self, file: Path) -> None:
        """`file`.json and `file`.svg."""
        import pygal  # type: ignore[import-untyped]
        from pygal.style import CleanStyle  # type: ignore[import-untyped]

        file.parent.mkdir(parents=True, exist_ok=True)
        chart = pygal.Line(title=self.title, x_title=self.across, y_title=self.unit, js=[], style=CleanStyle, width=800,
                           height=420, legend_at_bottom=True, legend_at_bottom_columns=3, truncate_legend=-1,
                           min_scale=4, zero=0, include_x_axis=True, no_prefix=True, disable_xml_declaration=True)
        chart.x_labels = self.points
        for name, values in self.lines.items():
            chart.add(name, values)
        told = {"title": self.title, "across": self.across, "unit": self.unit, "points": self.points,
                "lines": self.lines, "date": f"{datetime.now(UTC):%Y-%m-%d}", "python": platform.python_version()}
        file.with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        file.with_suffix(".svg").write_text(chart.render(is_unicode=True) + "\n", encoding="utf-8")
