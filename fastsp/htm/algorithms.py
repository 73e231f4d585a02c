"""What learns, under the name of the module that programs import it from."""

from fastsp.htm.classifier import Classifier

__all__ = ["Classifier"]
