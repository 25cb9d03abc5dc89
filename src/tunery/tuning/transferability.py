"""How well features of a frozen base model explain what is to be predicted: scores that need no tuning.

Each takes features (items x features) and targets (items x columns: one column for each class, 1 where the item has it)
and is larger for a base model that is nearer to the task.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve, svd

Floats = NDArray[np.float64]

_ROUNDS = 20
"""Fixed-point rounds for a column of LogME; few need more than five."""
_STARTS = (1e-3, 1.0, 1e3, 1e6)
"""Where the iteration begins, in units of the features' mean squared singular value."""
_CONVERGED = 1e-3
_FOLDS = 4
_PENALTIES = (0.01, 0.1, 1.0, 10.0)
"""Strengths of the ridge penalty that are tried, in units of the features' mean squared length along an axis."""
_TINY = 1e-8
"""Keeps divisions defined where a column is explained without any rest."""


def log_me(features: Floats, targets: Floats) -> float:
    """Return the log evidence of a Bayesian linear model, for each item and column, on average over the columns.

    LogME (You et al., "LogME: Practical Assessment of Pre-trained Models for Transfer Learning", ICML 2021), with the
    fixed-point iteration of its follow-up ("Ranking and Tuning Pre-trained Models", JMLR 2022): weights have precision
    alpha, the noise has precision beta, and both maximise the evidence.

    Args:
        features: Items x features.
        targets: Items x columns.
    """
    left, singular, _ = svd(features, full_matrices=False)
    kept = singular > singular.max(initial=0.0) * 1e-7
    spectrum = singular[kept] ** 2
    projected = (left[:, kept].T @ targets) ** 2
    rest = np.maximum((targets**2).sum(axis=0) - projected.sum(axis=0), 0.0)
    items = len(features)
    evidence = [_evidence(spectrum, projected[:, column], rest[column], items) for column in range(targets.shape[1])]
    return float(np.mean(evidence)) / items


def _evidence(spectrum: Floats, projected: Floats, rest: float, items: int) -> float:
    """Return the largest log evidence of one column.

    For a ratio of alpha to beta the best beta has a closed form, so only the ratio is looked for. The iteration ends in
    a local maximum; where there are more features than items there can be several, hence several starts.

    Args:
        spectrum: Squared singular values of the features.
        projected: The column's squared projections on the left singular vectors.
        rest: What of the column's squared norm lies outside all of them.
        items: How many items there are.
    """
    unit = float(spectrum.mean()) if len(spectrum) else 1.0
    best = -np.inf
    for start in _STARTS:
        ratio = start * unit
        for _ in range(_ROUNDS):
            shrunk = spectrum + ratio
            # Directions without variance give log(alpha) - log(alpha): only those with some are left.
            fit = max(float((projected * ratio / shrunk).sum()) + rest, _TINY)
            determinant = float(np.log1p(spectrum / ratio).sum())
            best = max(best, -0.5 * (items * (np.log(2 * np.pi * fit / items) + 1.0) + determinant))
            before, ratio = ratio, max(_next_ratio(spectrum, projected, rest, items, ratio), _TINY * unit)
            if abs(ratio - before) <= _CONVERGED * before:
                break
    return float(best)


def _next_ratio(spectrum: Floats, projected: Floats, rest: float, items: int, ratio: float) -> float:
    """Return alpha / beta after one round: each is set to what maximises the evidence for the weights as they are."""
    shrunk = spectrum + ratio
    effective = float((spectrum / shrunk).sum())
    norm = float((spectrum * projected / shrunk**2).sum())
    residual = float((projected * (ratio / shrunk) ** 2).sum()) + rest
    return effective / (norm + _TINY) * (residual + _TINY) / max(items - effective, _TINY)


def h_score(features: Floats, targets: Floats) -> float:
    """Return how much of the features' whitened variance lies between the targets.

    The H-score (Bao et al., "An Information-Theoretic Approach to Transferability in Task Transfer Learning", ICIP
    2019) with the covariance shrunk as in Ibrahim, Ponomareva and Mazumder, "Newer is not always better: Rethinking
    Transferability Metrics, Their Peculiarities, Stability and Performance", ECML 2022. What the targets explain is the
    projection on them: for one class an item, the mean of its class.

    Args:
        features: Items x features.
        targets: Items x columns.
    """
    from sklearn.covariance import ledoit_wolf

    centred = features - features.mean(axis=0)
    covariance, shrinkage = ledoit_wolf(centred, assume_centered=True)
    coefficients = np.linalg.lstsq(targets, centred, rcond=None)[0]
    explained = targets @ coefficients
    between = (1.0 - shrinkage) * (explained.T @ explained) / len(features)
    return float(np.trace(np.linalg.solve(covariance, between)))


def held_out(features: Floats, targets: Floats, groups: NDArray[np.int64], seed: int = 0) -> float:
    """Return the share of the targets' variance that a ridge regression explains on items it hasn't seen.

    Cross-validated over groups, the strength of the penalty chosen among a few. What a linear probe can tell on rows of
    its own is bounded by 1 whatever the width and depth of the base model, and compares across base models where an
    evidence doesn't.

    Args:
        features: Items x features.
        targets: Items x columns.
        groups: Items of one group (the words of a text) are never divided between folds.
        seed: Decides the folds.
    """
    names, number = np.unique(groups, return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(names))[number] % _FOLDS
    errors = np.zeros(len(_PENALTIES))
    for held in range(_FOLDS):
        inside, outside = fold != held, fold == held
        if inside.any() and outside.any():
            errors += _squared_errors(features[inside], targets[inside], features[outside], targets[outside])
    spread = float(((targets - targets.mean(axis=0)) ** 2).sum())
    return float(1.0 - errors.min() / max(spread, _TINY))


def _squared_errors(features: Floats, targets: Floats, others: Floats, wanted: Floats) -> Floats:
    """Return the squared error on ``others`` for each penalty."""
    centre, usual = features.mean(axis=0), targets.mean(axis=0)
    centred = features - centre
    gram, moments, inputs = centred.T @ centred, centred.T @ (targets - usual), others - centre
    unit = max(float(np.trace(gram)) / len(gram), _TINY)
    errors = []
    for penalty in _PENALTIES:
        # Cholesky's method for each penalty takes a fraction of one eigendecomposition for all.
        weights = solve(gram + penalty * unit * np.eye(len(gram)), moments, assume_a="pos")
        errors.append(float(((inputs @ weights + usual - wanted) ** 2).sum()))
    return np.asarray(errors)
