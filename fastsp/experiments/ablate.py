"""What local inhibition and boosting contribute: MNIST again with one part of the pooler changed.

The input is as published, an on-bit for each pixel, and once more with off-bits, which flatten the
overlap over the image. All arms of one input learn the same stream with the same pools. Several
seeds tell a difference from chance.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fastsp.datasets import Mnist
from fastsp.engine import choices
from fastsp.experiments.areas import WINDOW, area_means, entropy_limit, share_on_image
from fastsp.experiments.digits import QUICK, sample_digits
from fastsp.experiments.experiment import Experiment, Summary, Trial, arm
from fastsp.experiments.mnist.config import MnistConfig
from fastsp.experiments.mnist.presets import on_bits
from fastsp.experiments.mnist.readout import read_out
from fastsp.experiments.mnist.training import Training, compile_for
from fastsp.experiments.progress import Interrupted, Progress, counter, part_of
from fastsp.experiments.wording import holding, number, percent
from fastsp.metrics import clark_evans_index, code_entropy, dispersion_index
from fastsp.pooler import SpatialPooler


@dataclass(frozen=True)
class Variant:
    """How the pooler of an arm differs; `learns` is False for the untrained control."""

    inhibition: choices.Inhibition
    boosting: choices.Boosting
    learns: bool = True


VARIANTS = {
    "gaussian inhibition, log boosting": Variant("gaussian", "log"),
    "global inhibition, log boosting": Variant("global", "log"),
    "gaussian inhibition, exp boosting": Variant("gaussian", "exp"),
    "gaussian inhibition, no boosting": Variant("gaussian", None),
    "gaussian inhibition, untrained": Variant("gaussian", "log", learns=False),
}
"""The first is the published configuration; each of the others changes one part of it."""
LOCAL, EVERYWHERE = list(VARIANTS)[:2]
ON, ON_OFF = INPUTS = ("on bits", "on and off bits")
ARMS = {arm(name, bits): variant for bits in INPUTS for name, variant in VARIANTS.items()}
"""Every variant with either input; the input as published comes first."""
COMPARED = [arm(name, bits) for bits in INPUTS for name in (LOCAL, EVERYWHERE)]
"""Arms with local inhibition and without."""
MEASURES = (
    "accuracy",
    "accuracy_mean",
    "entropy",
    "entropy_limit",
    "clumping",
    "clark_evans",
    "on_image",
    "busiest_area",
)
"""On the test images: accuracy with columns combined by product and by mean; `code_entropy`, and
the greatest it could be if no column were active without seeing an on-bit; `dispersion_index` of
the active columns, larger where they clump, and `clark_evans_index`, smaller where they clump;
share of the active columns that lie where the image is on; and how often columns of the busiest
area are active, as a multiple of the mean."""


@dataclass(frozen=True)
class AblateConfig:
    """Parameters of the experiment `ablate`.

    Attributes
    ----------
    pooler : MnistConfig
        What arms with on and off bits share; those with on-bits differ from it as the preset
        `published-on` does from `published`. Its inhibition and boosting are replaced, and its seed
        is that of the trial; the maximum-likelihood classifier reads all codes.
    """

    pooler: MnistConfig = field(default_factory=MnistConfig)

    def of_arm(self, name: str, seed: int) -> MnistConfig:
        """Return the configuration of one arm."""
        return replace(
            on_bits(self.pooler) if name.endswith(arm("", ON)) else self.pooler,
            seed=seed,
            inhibition=ARMS[name].inhibition,
            boosting=ARMS[name].boosting,
            readout="likelihood",
            checkpoints=0,
        )


def run(config: AblateConfig, seed: int, digits: Mnist, progress: Progress) -> Trial:
    """Train and measure every arm; an interruption keeps the finished ones."""
    measures: dict[str, dict[str, float]] = {}
    poolers: dict[str, SpatialPooler] = {}
    activity: dict[str, NDArray[np.float64]] = {}
    first = config.of_arm(arm(LOCAL, ON), seed)
    images, inputs = sample_digits(first, digits)
    pictures = {"poolers": poolers, "activity": activity, "images": images, "inputs": inputs}
    trial = Trial(seed, measures, pictures)
    try:
        compiled = counter(progress, "compiling", len(ARMS))
        for name in ARMS:
            compile_for(config.of_arm(name, seed), digits)
            compiled()
        for place, name in enumerate(ARMS, start=1):
            phase = f"{place}/{len(ARMS)} {name}"
            measures[name], poolers[name], activity[name] = _measure(
                config.of_arm(name, seed), ARMS[name].learns, digits, progress, phase
            )
    except KeyboardInterrupt as interrupt:
        raise Interrupted(trial) from interrupt
    return trial


def _measure(
    config: MnistConfig, learns: bool, digits: Mnist, progress: Progress, phase: str
) -> tuple[dict[str, float], SpatialPooler, NDArray[np.float64]]:
    """Return the measures of an arm, its pooler, and how often each column is active."""
    training = Training(config, digits)
    learned = config.cycles if learns else 0
    total = learned + len(digits.train_images) + len(digits.test_images)
    if learns:
        training.run(part_of(progress, 0, total), phase)
    coding = part_of(progress, learned, total)
    readout = read_out(training.pooler.transform, config, digits, coding, phase)
    assert readout.accuracy_mean is not None
    codes, shape = readout.test_codes, config.column_shape
    activity = np.asarray(codes.mean(axis=0), dtype=np.float64).ravel()
    values = (
        readout.accuracy,
        readout.accuracy_mean,
        code_entropy(codes),
        entropy_limit(training.pooler, config.build_encoder, digits.test_images),
        dispersion_index(codes, shape, window=WINDOW),
        float(clark_evans_index(codes, shape)),
        share_on_image(codes, shape, digits),
        float(area_means(activity.reshape(shape)).max() / activity.mean()),
    )
    return dict(zip(MEASURES, values, strict=True)), training.pooler, activity


def found(config: AblateConfig, summary: Summary) -> tuple[str, str]:
    """Return what each part of the published pooler contributes."""
    published, everywhere, exponential, unboosted, untrained = (
        summary[arm(name, ON)] for name in VARIANTS
    )
    both = {
        bits: (summary[arm(LOCAL, bits)]["clumping"], summary[arm(EVERYWHERE, bits)]["clumping"])
        for bits in INPUTS
    }
    differences = {
        f"local inhibition spreads the active columns, with {bits}": (more, less)
        for bits, (less, more) in both.items()
    } | {
        "without it some areas are systematically more active": (
            everywhere["busiest_area"],
            published["busiest_area"],
        ),
        "boosting uses columns more evenly": (published["entropy"], unboosted["entropy"]),
        "learning adds accuracy": (published["accuracy"], untrained["accuracy"]),
    }
    clumped = ", ".join(
        f"with {bits} {number(local)} with local inhibition and {number(without)} without"
        for bits, (local, without) in both.items()
    )
    return (
        f"With the published pooler and input the classifier reads "
        f"{percent(published['accuracy'])} of the test images, with global inhibition "
        f"{percent(everywhere['accuracy'])}, with exponential boosting "
        f"{percent(exponential['accuracy'])}, without boosting {percent(unboosted['accuracy'])}, "
        f"untrained {percent(untrained['accuracy'])}. The variance of active columns between areas "
        f"is, as a multiple of their mean, {clumped}. Entropy is {percent(published['entropy'])} "
        f"of its maximum; columns that are never active without seeing an on-bit could reach "
        f"{percent(published['entropy_limit'])}.",
        holding(differences),
    )


EXPERIMENT = Experiment(
    name="ablate",
    title="What local inhibition and boosting do",
    lead="The MNIST experiment again with one part of the pooler changed at a time, on the input "
    "as published, on-bits only, and with off-bits besides.",
    full=AblateConfig(),
    quick=AblateConfig(replace(QUICK, cycles=100)),
    run=run,
    found=found,
    needs_digits=True,
)
