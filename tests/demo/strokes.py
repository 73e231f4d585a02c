"""Ten digits as a hand draws them, and where on the pad."""

Stroke = list[tuple[float, float]]

DIGITS = {
    "0": "55,5 35,8 20,25 15,50 20,75 35,93 55,95 75,85 85,60 85,35 75,15 55,5",
    "1": "55,5 53,35 50,65 48,95",
    "2": "18,25 30,8 55,5 75,17 75,35 60,58 38,77 15,94 50,92 88,94",
    "3": "20,12 45,4 70,12 74,28 60,42 40,47 65,52 80,67 75,85 50,96 20,88",
    "4": "30,5 20,30 15,52 45,54 85,50 | 70,10 67,50 63,95",
    "5": "80,6 30,7 26,42 55,40 78,55 78,77 58,93 20,93",
    "6": "65,4 42,22 26,50 22,75 35,93 58,95 75,82 72,64 52,57 30,66 24,78",
    "7": "15,10 50,8 84,7 68,36 55,65 46,95",
    "8": "72,18 52,5 32,14 32,30 50,46 70,62 74,80 55,95 34,88 28,70 45,50 68,32 72,18",
    "9": "72,28 60,8 38,7 25,24 30,42 50,48 70,34 73,22 70,55 62,95",
}
"""Of each its strokes: places x,y in hundredths of its size, y downwards."""

PLACES = {
    "middle": (0.5, 0.5, 0.75),
    "small, above left": (0.27, 0.27, 0.35),
    "below right": (0.68, 0.66, 0.55),
    "large": (0.5, 0.5, 0.96),
}
"""Where a digit is drawn on the pad: x and y of its middle, and its size."""


def placed(digit: str, place: str) -> list[Stroke]:
    """Return the strokes of a digit as shares of the pad's width and height."""
    x, y, size = PLACES[place]
    strokes = [
        [tuple(map(float, place.split(","))) for place in stroke.split()]
        for stroke in DIGITS[digit].split("|")
    ]
    return [
        [(x + (px / 100 - 0.5) * size, y + (py / 100 - 0.5) * size) for px, py in stroke]
        for stroke in strokes
    ]
