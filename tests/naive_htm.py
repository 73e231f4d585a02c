"""The pooler of `fastsp.htm` again, in plain loops: its state is read by getters, once.

Numbers are rounded to float32 after each operation, in the same places as in the kernels.
"""

import math

import naive
import numpy as np

F = np.float32


class Pooler:
    """A pooler that starts from the state of an `htm.SpatialPooler` and goes its own way."""

    def __init__(self, sp):
        self.shape, self.input_shape = sp.getColumnDimensions(), sp.getInputDimensions()
        self.n, self.n_inputs = sp.getNumColumns(), sp.getNumInputs()
        self.is_global, self.wraps = sp.getGlobalInhibition(), sp.getWrapAround()
        self.count, self.share = sp.getNumActiveColumnsPerInhArea(), F(sp.getLocalAreaDensity())
        self.stimulus = sp.getStimulusThreshold()
        self.increment, self.decrement = F(sp.getSynPermActiveInc()), F(sp.getSynPermInactiveDec())
        self.threshold = F(sp.getSynPermConnected())
        self.weak_increment = F(sp.getSynPermBelowStimulusInc())
        self.min_share = F(sp.getMinPctOverlapDutyCycles())
        self.period, self.update_period = sp.getDutyCyclePeriod(), sp.getUpdatePeriod()
        self.strength = F(sp.getBoostStrength())
        self.t, self.t_learn = sp.getIterationNum(), sp.getIterationLearnNum()
        self.radius = sp.getInhibitionRadius()
        of_inputs, of_columns = np.zeros(self.n_inputs, F), np.zeros(self.n, F)
        self.pools, self.permanences = [], []
        for column in range(self.n):
            sp.getPotential(column, of_inputs)
            self.pools.append(np.flatnonzero(of_inputs).tolist())
            sp.getPermanence(column, of_inputs)
            self.permanences.append([of_inputs[bit] for bit in self.pools[-1]])
        for name in ("BoostFactors", "ActiveDutyCycles", "OverlapDutyCycles"):
            getattr(sp, f"get{name}")(of_columns)
            setattr(self, name, list(of_columns))
        sp.getMinOverlapDutyCycles(of_columns)
        self.minima = list(of_columns)

    def density(self):
        if not self.count:
            return self.share
        sides = self.shape if self.is_global else [min(n, 2 * self.radius + 1) for n in self.shape]
        return min(F(self.count) / F(math.prod(sides)), F(0.5))

    def connected_from(self):
        return max(self.threshold - F(1e-6), F(0))

    def near(self, column):
        """The other columns of its neighbourhood, ascending."""
        radii = [self.radius] * len(self.shape)
        around = naive.neighbours(column, self.shape, radii, self.wraps)
        return [b for b in around if b != column]

    def overlaps(self, x):
        return [
            sum(1 for bit, p in zip(pool, permanences, strict=True)
                if x[bit] and p >= self.connected_from())
            for pool, permanences in zip(self.pools, self.permanences, strict=True)
        ]  # fmt: skip

    def boosted(self, overlaps, factors):
        if self.strength < 1e-6:
            return [F(o) for o in overlaps]
        with np.errstate(over="ignore"):  # beyond single precision all are infinite, and tied
            return [F(o) * F(b) for o, b in zip(overlaps, factors, strict=True)]

    def winners(self, boosted):
        if self.is_global or self.radius > max(self.shape):
            n = math.floor(self.density() * F(self.n))
            ranked = sorted(range(self.n), key=lambda c: (boosted[c], c), reverse=True)
            return sorted(c for c in ranked[:n] if boosted[c] >= self.stimulus)
        won = []
        for c in range(self.n):
            near = self.near(c)
            beating = sum(
                1
                for b in near
                if boosted[b] > boosted[c] or (boosted[b] == boosted[c] and b in won)
            )
            limit = math.floor(F(0.5) + self.density() * F(len(near) + 1))
            if boosted[c] >= self.stimulus and beating < limit:
                won.append(c)
        return won

    def compute(self, x, learn, factors):
        """Return the winners, found with these boost factors, and the overlaps."""
        self.t += 1
        overlaps = self.overlaps(x)
        won = self.winners(self.boosted(overlaps, factors))
        if learn:
            self.learn(x, overlaps, won)
        return won, overlaps

    def learn(self, x, overlaps, won):
        self.t_learn += 1
        for c in won:
            self.permanences[c] = naive.adapt(
                self.pools[c], self.permanences[c], x, self.increment, self.decrement
            )
            self.keep_connected(c)
        period = min(self.period, self.t)
        self.OverlapDutyCycles = averaged(self.OverlapDutyCycles, [o > 0 for o in overlaps], period)
        active = [c in won for c in range(self.n)]
        self.ActiveDutyCycles = averaged(self.ActiveDutyCycles, active, period)
        for c in range(self.n):
            if self.OverlapDutyCycles[c] < self.minima[c]:
                self.permanences[c] = [
                    min(p + self.weak_increment, F(1)) for p in self.permanences[c]
                ]
        self.BoostFactors = self.boost_factors()
        if self.t % self.update_period == 0:
            self.radius = self.followed_radius()
            largest = self.OverlapDutyCycles
            for c in range(self.n):
                near = range(self.n) if self.is_global else [c, *self.near(c)]
                self.minima[c] = self.min_share * max(largest[b] for b in near)

    def keep_connected(self, c):
        own = self.permanences[c]
        n = min(self.stimulus, len(own))
        if sum(p >= self.connected_from() for p in own) < n:
            missing = self.connected_from() - sorted(own, reverse=True)[n - 1]
            self.permanences[c] = [min(p + missing, F(1)) for p in own]

    def boost_factors(self):
        if self.strength < 1e-6:
            return [F(1)] * self.n
        factors = []
        for c in range(self.n):
            target = self.density()
            if not self.is_global:
                near, target = self.near(c), self.ActiveDutyCycles[c]
                for b in near:
                    target = target + self.ActiveDutyCycles[b]
                target = target / F(len(near) + 1)
            away = (target - self.ActiveDutyCycles[c]) * self.strength
            factors.append(F(min(math.exp(min(float(away), 88.8)), float(np.finfo(F).max))))
        return factors

    def followed_radius(self):
        if self.is_global:
            return max(self.shape)
        total = F(0)
        for pool, permanences in zip(self.pools, self.permanences, strict=True):
            connected = [
                bit for bit, p in zip(pool, permanences, strict=True)
                if p >= self.threshold + F(1e-6)
            ]  # fmt: skip
            if connected:
                axes = np.unravel_index(connected, self.input_shape)
                spread = sum(int(axis.max() - axis.min()) + 1 for axis in axes)
                total = total + F(spread) / F(len(axes))
        ratios = F(0)
        for n_columns, n_inputs in zip(self.shape, self.input_shape, strict=True):
            ratios = ratios + F(n_columns) / F(n_inputs)
        diameter = total / F(self.n) * (ratios / F(len(self.shape)))
        return math.floor(max((diameter - F(1)) / F(2), F(1)) + F(0.5))


def averaged(duty_cycles, happened, period):
    decay, increase = F(period - 1) / F(period), F(1) / F(period)
    return [
        d * decay + (increase if now else F(0))
        for d, now in zip(duty_cycles, happened, strict=True)
    ]
