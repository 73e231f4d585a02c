"""Sentences computed from measures: what rose, by how much, and what others reported."""

from collections.abc import Mapping, Sequence

from numpy.typing import ArrayLike

from fastsp.experiments.spread import Spread


def exceeds(greater: Spread, smaller: Spread) -> bool:
    """Return whether one measure is above another in every seed."""
    return bool(greater.least > smaller.greatest)


def compared(new: Spread, old: Spread, more: str, less: str, neither: str) -> str:
    """Return the first words where `new` exceeds `old`, the second where `old` exceeds `new`."""
    return more if exceeds(new, old) else less if exceeds(old, new) else neither


def listed(words: Sequence[str]) -> str:
    """Return words joined as in a sentence: a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def counted(holds: Sequence[bool]) -> str:
    """Return how many hold: 'all 4', '3 of 4', 'none of 4'."""
    n, total = sum(holds), len(holds)
    return f"all {total}" if n == total else f"{n or 'none'} of {total}"


def agreement(claims: Mapping[str, bool], source: str) -> str:
    """Return a sentence that says which claims of a source were confirmed and which were not."""
    found = [claim for claim, holds in claims.items() if holds]
    missing = [claim for claim, holds in claims.items() if not holds]
    if not missing:
        return f"This agrees with {source} on {listed(found)}."
    if not found:
        return f"This does not agree with {source} on {listed(missing)}."
    return f"This agrees with {source} on {listed(found)}, and does not on {listed(missing)}."


def holding(differences: Mapping[str, tuple[Spread, Spread]]) -> str:
    """Return a sentence: of which claims the first measure exceeds the second in every seed."""
    found = [claim for claim, (more, less) in differences.items() if exceeds(more, less)]
    if not found:
        return "No difference between the arms is larger than that between seeds."
    return f"What holds in every seed: {listed(found)}."


def number(spread: Spread, form: str = "{:.2f}") -> str:
    """Return a measure and its range over the seeds: '0.69 (0.68–0.70)'."""
    mean, least, greatest = (form.format(float(value)) for value in spread)
    between = " to " if "-" in least + greatest else "–"
    return mean if least == greatest else f"{mean} ({least}{between}{greatest})"


def seconds(spread: Spread) -> str:
    """Return the mean of a time in two significant digits: '10 s', '1.3 s', '4.2 ms'."""
    mean = float(spread.mean)
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        amount = float(f"{mean / factor:.2g}")
        if amount >= 1.0:
            return f"{amount:g} {unit}" if amount >= 10.0 else f"{amount:.1f} {unit}"
    return "no time at all" if mean == 0 else f"{mean:.1e} s"


def points(spread: Spread) -> str:
    """Return a difference of two shares, and its range, in percentage points: '6.63 points'."""
    return f"{number(Spread(*(100 * values for values in spread)))} points"


def percent(share: Spread | ArrayLike, digits: int = 1) -> str:
    """Return a share in per cent, with its range where it has one: '99.1 % (98.7–99.4)'."""
    spread = share if isinstance(share, Spread) else Spread.over([share])
    mean, least, greatest = (f"{100 * float(value):.{digits}f}" for value in spread)
    return f"{mean} %" if least == greatest else f"{mean} % ({least}–{greatest})"
