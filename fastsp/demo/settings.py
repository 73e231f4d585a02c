"""The switches of the page, and the configuration that they amount to."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from fastsp.engine.inhibition import INHIBITIONS, Global, Inhibition
from fastsp.experiments.mnist.config import MnistConfig


@dataclass(frozen=True)
class Settings:
    """What can be switched on the page.

    Attributes
    ----------
    inhibition : {"gaussian", "local", "global", "grouped"}
    boosting : {"log", "exp", "none"}
    channels : {"on_off", "on"}
        Input bits of a pixel. Another value asks for a new pooler.
    pooler : {"trained", "untrained"}
        Which is shown: the one that learns, or the same as it was drawn.
    """

    inhibition: str
    boosting: str
    channels: str
    pooler: str = "trained"

    @classmethod
    def of(cls, config: MnistConfig) -> "Settings":
        """Return the settings with which a configuration begins."""
        return cls(config.inhibition, config.boosting or "none", config.channels)

    def changed(self, name: str, value: str, config: MnistConfig) -> "Settings":
        """Return other settings; ValueError where `choices` does not offer the value."""
        offered = choices(config)
        if name not in offered:
            raise ValueError(f"name must be one of {', '.join(offered)}; got {name!r}")
        if value not in offered[name]:
            raise ValueError(f"{name} must be one of {', '.join(offered[name])}; got {value!r}")
        return replace(self, **{name: value})

    def parameters(self) -> dict[str, Any]:
        """Return what acts at once on a pooler that is drawn."""
        boosting = None if self.boosting == "none" else self.boosting
        return {"inhibition": self.inhibition, "boosting": boosting}

    def configure(self, config: MnistConfig) -> MnistConfig:
        """Return the configuration of a new pooler.

        Without OFF bits there are half as many input bits, so a column has half as many synapses.
        """
        halved = self.channels == "on" and config.channels == "on_off"
        n_potential = max(1, config.n_potential // 2) if halved else config.n_potential
        changes = {"channels": self.channels, "n_potential": n_potential, **self.parameters()}
        return replace(config, **changes)

    def as_dict(self) -> dict[str, str]:
        """Return the settings by name."""
        return asdict(self)


def choices(config: MnistConfig) -> Mapping[str, tuple[str, ...]]:
    """Return the values that each setting can have; columns in groups do not compete in a plane."""
    own = INHIBITIONS[config.inhibition]
    others = [kind for kind in INHIBITIONS.values() if kind.needs_radius and own.needs_radius]
    kinds: dict[type[Inhibition], None] = dict.fromkeys((own, *others, Global))
    return {
        "inhibition": tuple(kind.name for kind in kinds),
        "boosting": ("log", "exp", "none"),
        "channels": ("on_off", "on"),
        "pooler": ("trained", "untrained"),
    }
