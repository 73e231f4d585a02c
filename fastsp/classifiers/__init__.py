"""Classifiers of SDRs: from active columns to labels."""

from fastsp.classifiers.likelihood import MaximumLikelihoodClassifier
from fastsp.classifiers.ridge import StreamingRidgeClassifier
from fastsp.classifiers.softmax import SoftmaxClassifier

__all__ = ["MaximumLikelihoodClassifier", "SoftmaxClassifier", "StreamingRidgeClassifier"]
