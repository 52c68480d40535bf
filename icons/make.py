"""Draws every icon of the agent: `python icons/make.py` writes them beside this file.

A drawing is a list of strokes on a grid of 16 × 16 units, so that a line between whole
units is sharp at 16 pixels. `icons/README.md` says which file is used where.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image, ImageDraw

GRID = 16  # units
FINEST = 16  # times finer than the result, then averaged: smooth edges
BIGGEST = 4096  # pixels of the finer drawing
TRAY_SIZES = (16, 22, 24, 32, 48, 64)  # pixels: Linux panels from small to HiDPI
ICO_SIZES = (16, 20, 24, 32, 40, 48, 64)  # Windows: the tray at 100 % to 400 %
TEMPLATE_SIZES = (18, 36)  # macOS: the menu bar at 1× and 2×
APP_ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
APP_SIZE = 1024

GREEN, BLUE, AMBER, ORANGE = (26, 158, 82), (38, 122, 232), (222, 158, 0), (236, 106, 12)
RED, GREY, APP_BLUE = (220, 44, 44), (118, 128, 142), (43, 108, 176)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)

Colour = tuple[int, int, int]
Point = tuple[float, float]


class Pen:
    """Draws one icon: `ink` in its colour, `detail` in white on ink, `gap` nothing at all."""

    def __init__(self, size: int) -> None:
        fine = size * min(FINEST, BIGGEST // size)
        self.scale = fine / GRID
        self.ink = Image.new("L", (fine, fine), 0)
        self.detail = self.ink.copy()

    def line(self, *points: Point, width: float, kind: str = "ink") -> None:
        """A line with round joints and ends."""
        places = [(x * self.scale, y * self.scale) for x, y in points]
        radius = width * self.scale / 2
        for draw, value in self._targets(kind):
            draw.line(places, value, round(width * self.scale))
            for x, y in places:
                draw.ellipse((x - radius, y - radius, x + radius - 1, y + radius - 1), value)

    def disc(self, centre: Point, radius: float, kind: str = "ink") -> None:
        """A filled circle."""
        (x, y), box = centre, self._box
        for draw, value in self._targets(kind):
            draw.ellipse(box(x - radius, y - radius, x + radius, y + radius), value)

    def bar(self, box: tuple[float, float, float, float], round_: float, kind: str = "ink") -> None:
        """A filled rectangle with round corners."""
        for draw, value in self._targets(kind):
            draw.rounded_rectangle(self._box(*box), round_ * self.scale, value)

    def area(self, *points: Point, round_: float) -> None:
        """A filled polygon with round corners."""
        draw = ImageDraw.Draw(self.ink)
        draw.polygon([(x * self.scale, y * self.scale) for x, y in points], 255)
        self.line(*points, points[0], width=2 * round_)

    def arc(self, centre: Point, radius: float, width: float, angles: tuple[float, float]) -> None:
        """A part of a ring; angles in degrees clockwise from three o'clock."""
        (x, y), outer = centre, radius + width / 2
        box = self._box(x - outer, y - outer, x + outer, y + outer)
        ImageDraw.Draw(self.ink).arc(box, *angles, 255, round(width * self.scale))

    def _box(self, left: float, top: float, right: float, bottom: float) -> list[float]:
        """Pillow counts the last row and column in."""
        scale = self.scale
        return [left * scale, top * scale, right * scale - 1, bottom * scale - 1]

    def _targets(self, kind: str) -> Iterator[tuple[ImageDraw.ImageDraw, int]]:
        yield ImageDraw.Draw(self.detail), 255 if kind == "detail" else 0
        if kind != "detail":
            yield ImageDraw.Draw(self.ink), 255 if kind == "ink" else 0


def not_set_up(pen: Pen) -> None:
    """An empty frame with a plus: something is to be put here."""
    pen.bar((1, 1, 15, 15), 3)
    pen.bar((3, 3, 13, 13), 1.2, "gap")
    pen.bar((7, 5, 9, 11), 0.4)
    pen.bar((5, 7, 11, 9), 0.4)


def connecting(pen: Pen) -> None:
    """An arrow that goes round."""
    pen.arc((8, 8), 6, 2.2, (0, 292))
    pen.area((8.6, 0.6), (8.6, 5.4), (12.6, 3.0), round_=0.4)


def online(pen: Pen) -> None:
    """A disc with a check mark."""
    pen.disc((8, 8), 7.5)
    pen.line((4.4, 8.2), (7, 10.8), (11.6, 5.6), width=2, kind="detail")


def running(pen: Pen) -> None:
    """The sign for play; a badge with the count may follow."""
    pen.area((3, 2), (3, 14), (13.6, 8), round_=1)


def paused(pen: Pen) -> None:
    """The two bars of a pause."""
    pen.bar((2, 2, 7, 14), 1)
    pen.bar((9, 2, 14, 14), 1)


def disconnected(pen: Pen) -> None:
    """The power switch: off by wish."""
    pen.arc((8, 8.6), 5.9, 2, (-52, 232))
    pen.bar((7, 0.6, 9, 8), 1)


def problem(pen: Pen) -> None:
    """A warning triangle."""
    pen.area((8, 1.8), (14.6, 13.8), (1.4, 13.8), round_=1.2)
    pen.bar((7, 5, 9, 10), 0.6, "detail")
    pen.bar((7, 11, 9, 13), 0.6, "detail")


def application(pen: Pen) -> None:
    """The program itself: a pulse, as on the demo platform's page."""
    pen.bar((0, 0, 16, 16), 4)
    pulse = ((6, 17), (11, 17), (14, 9), (19, 23), (22, 17), (26, 17))
    pen.line(*((x / 2, y / 2) for x, y in pulse), width=1.4, kind="detail")


DIGITS: dict[str, list[list[Point]]] = {  # strokes through a grid of 3 × 5 cells
    "1": [[(0.2, 0.8), (1, 0), (1, 4)]],
    "2": [[(0, 0), (2, 0), (2, 2), (0, 2), (0, 4), (2, 4)]],
    "3": [[(0, 0), (2, 0), (2, 4), (0, 4)], [(0.4, 2), (2, 2)]],
    "4": [[(0, 0), (0, 2), (2, 2)], [(2, 0), (2, 4)]],
    "5": [[(2, 0), (0, 0), (0, 2), (2, 2), (2, 4), (0, 4)]],
    "6": [[(2, 0), (0, 0), (0, 4), (2, 4), (2, 2), (0, 2)]],
    "7": [[(0, 0), (2, 0), (2, 1), (1, 3), (1, 4)]],
    "8": [[(0, 0), (2, 0), (2, 4), (0, 4), (0, 0)], [(0, 2), (2, 2)]],
    "9": [[(2, 2), (0, 2), (0, 0), (2, 0), (2, 4), (0, 4)]],
    "+": [[(0, 2), (2, 2)], [(1, 1), (1, 3)]],
}


def counted(count: str) -> Callable[[Pen], None]:
    """`running` with a badge that says how many."""

    def drawing(pen: Pen) -> None:
        pen.area((2, 1.5), (2, 11.5), (11, 6.5), round_=1)
        left = 7 if len(count) == 1 else 5
        pen.bar((left - 1, 6, 17, 17), 5.5, "gap")
        pen.bar((left, 7, 16, 16), 4.5 if len(count) == 1 else 3.5)
        for place, sign in enumerate(count):
            for stroke in DIGITS[sign]:
                start = (10.5 if len(count) == 1 else 7.5) + 4 * place
                points = [(start + x, 9.5 + y) for x, y in stroke]
                pen.line(*points, width=1.1, kind="detail")

    return drawing


DRAWINGS: dict[str, tuple[Callable[[Pen], None], Colour]] = {
    "not_set_up": (not_set_up, GREY),
    "connecting": (connecting, AMBER),
    "online": (online, GREEN),
    "running": (running, BLUE),
    **{f"running-{count}": (counted(str(count)), BLUE) for count in range(1, 10)},
    "running-9+": (counted("9+"), BLUE),
    "paused": (paused, ORANGE),
    "disconnected": (disconnected, GREY),
    "problem": (problem, RED),
}


def coloured(drawing: Callable[[Pen], None], colour: Colour, size: int) -> Image.Image:
    """The icon in its colour on nothing."""
    pen = _drawn(drawing, size)
    ink, detail = (_averaged(mask, size) for mask in (pen.ink, pen.detail))
    result = Image.new("RGB", (size, size), colour)
    result.paste(WHITE, mask=detail)
    result.putalpha(ink)
    return result


def template(drawing: Callable[[Pen], None], size: int) -> Image.Image:
    """The icon for macOS: black with transparency only, the system gives it a colour."""
    pen = _drawn(drawing, size)
    pen.ink.paste(0, mask=pen.detail)
    result = Image.new("RGBA", (size, size), (*BLACK, 0))
    result.putalpha(_averaged(pen.ink, size))
    return result


def _drawn(drawing: Callable[[Pen], None], size: int) -> Pen:
    pen = Pen(size)
    drawing(pen)
    return pen


def _averaged(mask: Image.Image, size: int) -> Image.Image:
    return mask.resize((size, size), Image.Resampling.BOX)


def make(folder: Path) -> None:
    """Write every icon into `folder`."""
    for name, (drawing, colour) in DRAWINGS.items():
        for size in TRAY_SIZES:
            _save(coloured(drawing, colour, size), folder / "tray" / f"{size}" / f"{name}.png")
        for size in TEMPLATE_SIZES:
            _save(template(drawing, size), folder / "template" / f"{size}" / f"{name}.png")
        _save_ico(drawing, colour, ICO_SIZES, folder / "windows" / f"{name}.ico")
    _save_ico(application, APP_BLUE, APP_ICO_SIZES, folder / "app.ico")
    whole = coloured(application, APP_BLUE, APP_SIZE)
    whole.save(folder / "app.icns")
    _save(coloured(application, APP_BLUE, 256), folder / "app.png")


def _save(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, optimize=True)


def _save_ico(
    drawing: Callable[[Pen], None], colour: Colour, sizes: tuple[int, ...], path: Path
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [coloured(drawing, colour, size) for size in sizes]
    biggest = images[-1]
    biggest.save(path, append_images=images[:-1], sizes=[image.size for image in images])


if __name__ == "__main__":
    make(Path(__file__).parent)
