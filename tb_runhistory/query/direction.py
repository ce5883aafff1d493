"""Whether less or more of a metric is better, guessed from its name where nobody has said it."""

from __future__ import annotations

import re

from tb_runhistory.records.changes import Direction

_LESS = """
    loss losses error errors err mse rmse rmsle mae mape smape wer cer ter eer nll perplexity ppl bpc bpb fid kid lpips
    logloss crossentropy entropy divergence kl kld brier ece hinge regret cost deviance distance emd latency misses
    violations residual bic aic
"""
_MORE = """
    accuracy acc auc auroc auprc aucpr roc f1 fscore fbeta precision recall sensitivity specificity ap map mar reward
    rewards return returns score scores r2 iou miou jaccard dice bleu chrf rouge meteor cider spice psnr ssim ndcg mrr
    hit hits kappa mcc likelihood elbo correlation corr pearson spearman similarity throughput win wins success coverage
    silhouette ari nmi
"""
_SAID = dict.fromkeys(_LESS.split(), Direction.MINIMIZE) | dict.fromkeys(_MORE.split(), Direction.MAXIMIZE)
_NEGATED = frozenset({"neg", "negative", "minus"})
# Words of "valLoss", "top5_accuracy", "ROC-AUC", "eval/mAP@50".
_WORD = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|[A-Z]+\d*")


def guessed_direction(tag: str) -> Direction:
    """The direction of the metric named ``tag``: that of the last word in it that says one, else to minimize.

    "neg" in front turns it, as in scikit-learn's ``neg_mean_squared_error``.
    """
    written = {word.lower() for word in re.findall(r"[^\W_]+", tag)}
    words = [word.lower() for word in _WORD.findall(tag)]
    known = [direction for word in words if (direction := _said_by(word)) is not None]
    # "mAP" is one word to people, and two by its letters.
    known = known or [direction for word in sorted(written) if (direction := _said_by(word)) is not None]
    found = known[-1] if known else Direction.MINIMIZE
    if known and not _NEGATED.isdisjoint(words):
        return Direction.MAXIMIZE if found is Direction.MINIMIZE else Direction.MINIMIZE
    return found


def _said_by(word: str) -> Direction | None:
    return _SAID.get(word) or _SAID.get(word.rstrip("0123456789"))
