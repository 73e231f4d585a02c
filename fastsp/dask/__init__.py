"""Many machines: poolers, and whole pipelines, on a Dask cluster.

`transform` and `predict` apply a fitted model to a Dask collection, block by block; `fit` adds up
the sums of a readout over its blocks. `SpatialPooler` is one pooler whose columns lie on many
workers.
"""

from importlib.util import find_spec

from fastsp.extras import needs

if not all(map(find_spec, ("dask", "distributed", "locket"))):
    raise ImportError(needs("fastsp.dask needs more packages", "dask"))

from fastsp.dask.actors import ShardLostError
from fastsp.dask.models import predict, transform
from fastsp.dask.pooler import SpatialPooler
from fastsp.dask.readouts import fit
from fastsp.dask.warm_up import WarmUp

__all__ = ["ShardLostError", "SpatialPooler", "WarmUp", "fit", "predict", "transform"]
