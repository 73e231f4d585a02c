"""Names that are told before what they name is imported, each in one place.

The package root, model files and the command line read them from here.
"""

ENCODERS = dict.fromkeys(
    (
        "BinaryImageEncoder",
        "CategoryEncoder",
        "CyclicEncoder",
        "DateTimeEncoder",
        "ImageAugmenter",
        "RandomDistributedEncoder",
        "ScalarEncoder",
    ),
    "fastsp.encoders",
)
"""Modules of the encoders."""
ESTIMATORS = {
    "SpatialPooler": "fastsp.pooler",
    "HomeostaticPooler": "fastsp.homeostasis",
    "MaximumLikelihoodClassifier": "fastsp.classifiers",
    "SoftmaxClassifier": "fastsp.classifiers",
    "StreamingRidgeClassifier": "fastsp.classifiers",
    **ENCODERS,
}
"""Modules of all estimators of fastsp but pipelines; a model file can be of each of them."""
EXPERIMENTS = (
    "properties",
    "adaptation",
    "classifiers",
    "similarity",
    "faults",
    "tune",
    "ablate",
    "continual",
    "stability",
    "noise",
    "pareto",
)
"""Files in `fastsp.experiments`, and in `fastsp.report`."""
