"""Trained models as plain JavaScript or C, for programs that want the codes and no Python.

Only inference is exported: connected synapses, boost factors and tie-breakers are all that it
needs. Codes equal those of `SpatialPooler.transform` exactly.
"""

from fastsp.export.write import export, load_results

__all__ = ["export", "load_results"]
