"""Relaxed payoffs: the user's own function with every comparison a smooth step, and its gradient in every fixing.

The function is called with an array that goes through NumPy's protocols and leaves nodes on a tape, for one reverse
pass. This is the fuzzy logic of Savine and Andreasen and the continuous relaxation of REBAR and RELAX. Here it is never
the answer, only a control variate, so its width is a matter of variance and not of bias.

What cannot be followed (a branch on values, `np.floor`, sorting, conversion to a plain array, anything that mixes
paths) raises `NotRelaxableError`: the payoff is then estimated without relaxations.

References
----------
.. [1] A. Savine and J. Andreasen, *Modern Computational Finance: Scripting for Derivatives and xVA*, Wiley, 2021,
   part V (fuzzy logic).
.. [2] W. Grathwohl et al., "Backpropagation through the void", *ICLR* 2018 (RELAX); G. Tucker et al., "REBAR", 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, final

import numpy as np

from ..._typing import FloatArray
from ..protocol import stated_payments
from . import elementwise as rules
from . import reductions
from .elementwise import constant
from .numpy_names import FUNCTIONS, METHODS, UFUNC_METHODS, UFUNCS, operands
from .tape import Node, NotRelaxableError, OneDate, Tape, dense

__all__ = ["NotRelaxableError", "Relaxed", "relax"]


@final
class Relaxed(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of amounts or degrees of truth that records what is done to it; its last axis is that of the paths.

    Its methods are those in `followed.METHODS`. Values never change: ``x += y`` lets the name ``x`` stand for another
    array, and an assignment to elements lets this one stand for another node.

    Parameters
    ----------
    tape : Tape
    node : Node
    """

    __slots__ = ("_beside", "_node", "_rows", "tape")

    def __init__(self, tape: Tape, node: Node) -> None:
        self.tape, self._node = tape, node
        self._beside: Mapping[str, Relaxed] = {}
        self._rows: dict[int, Node] = {}  # assigned since the node was made

    @property
    def node(self) -> Node:
        """What it is now."""
        if self._rows:
            self._node, self._rows = reductions.with_rows(self.tape, self._node, self._rows), {}
        return self._node

    def beside(self, others: Mapping[str, Relaxed]) -> Relaxed:
        """The same array, with others as attributes."""
        found = Relaxed(self.tape, self.node)
        found._beside = others
        return found

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the values."""
        return self._node.value.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._node.value.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values: a comparison's result counts as boolean."""
        return np.dtype(bool if self._node.truth else float)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Relaxed]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, key: Any) -> Relaxed:
        if self._is_row(key):
            row = range(len(self))[key]
            return Relaxed(self.tape, self._rows.get(row) or reductions.taken(self.tape, self._node, (row,)))
        if isinstance(key, tuple) and key and self._is_row(key[0]) and range(len(self))[key[0]] in self._rows:
            return self[key[0]][key[1:]]
        return Relaxed(self.tape, reductions.taken(self.tape, self.node, _index(key)))

    def __setitem__(self, key: Any, value: Any) -> None:
        old, new = operands(self._node, self._lifted(value))
        if old.value.base is not None:  # it does not own its values: in NumPy, another array would change too
            raise NotRelaxableError("assignment to spots, or to a part of an array through a view")
        if old.truth and not new.truth:
            raise NotRelaxableError("assignment of amounts to conditions")
        if isinstance(key, Relaxed) and key.shape == self.shape and new.value.ndim == 0:
            self._node = rules.where(self.tape, rules.logical(self._lifted(key)), new, self.node)
        elif self._is_row(key) and (new.value.shape == self.shape[1:] or not new.live):
            self._rows[range(len(self))[key]] = _filled(new, self.shape[1:])
        else:
            raise NotRelaxableError("assignment other than to a whole date, or of a number by a condition")

    def _is_row(self, key: Any) -> bool:
        return isinstance(key, (int, np.integer)) and not isinstance(key, bool) and self.ndim > 1

    # -- NumPy's protocols -----------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        name = ("np." * hasattr(np, ufunc.__name__)) + ufunc.__name__ + f".{method}" * (method != "__call__")
        if options.pop("out", inputs)[0] is not inputs[0]:  # but x += y comes with x as its target
            raise NotRelaxableError(f"{name} with out=")
        if method == "__call__" and ufunc in UFUNCS and not options:
            return Relaxed(self.tape, UFUNCS[ufunc](self.tape, *operands(*map(self._lifted, inputs))))
        if (ufunc, method) in UFUNC_METHODS:
            return self._followed(name, UFUNC_METHODS[ufunc, method], inputs, {"axis": 0, **options})
        if (ufunc, method) == (np.matmul, "__call__"):
            return self._followed("@", FUNCTIONS[np.dot], inputs, options)
        raise NotRelaxableError(" with ".join([name, *options]))

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        name = f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)
        if function not in FUNCTIONS:
            raise NotRelaxableError(name)
        return self._followed(name, FUNCTIONS[function], arguments, options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # optional protocols, which others look for
            raise AttributeError(name)
        if name in self._beside:
            return self._beside[name]
        if name not in METHODS:
            raise NotRelaxableError(f"the array's .{name}")
        return lambda *arguments, **options: self._followed(f".{name}", METHODS[name], (self, *arguments), options)

    def _followed(self, name: str, rule: Callable[..., Any], given: Sequence[Any], options: Mapping[str, Any]) -> Any:
        lifted, named = [self._lifted(x) for x in given], {key: self._lifted(x) for key, x in options.items()}
        try:
            found = rule(self.tape, *lifted, **named)
        except NotRelaxableError:
            raise
        except (AttributeError, TypeError) as error:  # arguments that the rule does not know
            raise NotRelaxableError(f"{name} with arguments that are not followed ({error})") from error
        return Relaxed(self.tape, found) if isinstance(found, Node) else found

    def _lifted(self, x: Any) -> Any:
        """What a rule is given: nodes for arrays of this tape, also in lists of them."""
        if isinstance(x, (list, tuple)):
            return [self._lifted(part) for part in x]
        if not isinstance(x, Relaxed):
            return x
        if x.tape is not self.tape:
            raise NotRelaxableError("spots of an earlier evaluation (a cache)")
        return x.node

    # -- what cannot be followed -----------------------------------------------------------------------------------

    def __bool__(self) -> NoReturn:
        raise NotRelaxableError("a branch on the values of spots (if, while, and, or, not)")

    def __float__(self) -> NoReturn:
        raise NotRelaxableError("conversion of spots to a number")

    __int__ = __index__ = __complex__ = __round__ = __floor__ = __ceil__ = __trunc__ = __float__

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise NotRelaxableError("conversion of spots to a plain array (join lists with np.stack)")


def _filled(x: Node, shape: tuple[int, ...]) -> Node:
    """A constant in full."""
    return x if x.value.shape == shape else constant(np.broadcast_to(x.value, shape), x.truth)


def _index(key: Any) -> tuple[Any, ...]:
    """A key in parts, plain arrays in it copied."""
    parts = key if isinstance(key, tuple) else (key,)
    if any(isinstance(k, Relaxed) for k in parts):
        raise NotRelaxableError("indexing by a condition on spots (use np.where)")
    return tuple(np.array(k) if isinstance(k, (list, bool, np.bool_, np.ndarray)) else k for k in parts)


def relax(
    payoff: Callable[[Any], Any], spot: FloatArray, tape: Tape
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """The relaxed cash flows of a payoff, and their gradient.

    Parameters
    ----------
    payoff : callable
        From spots to cash flows.
    spot : ndarray, shape (n_times, n_paths) or (n_assets, n_times, n_paths)
    tape : Tape
        A new one.

    Returns
    -------
    flows : ndarray, shape (1, n_paths) or (n_flows, n_paths)
    gradient : callable
        From weights of the cash flows, shape (n_flows, 1), to the gradient of their weighted sum in every fixing, of
        the shape of `spot`.

    Raises
    ------
    NotRelaxableError
        If the payoff does something that has no relaxation.
    """
    flows, sent = relaxed(payoff, spot, tape)
    return flows, lambda weights: dense(sent(weights))


def relaxed(
    payoff: Callable[[Any], Any], spot: FloatArray, tape: Tape
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray | OneDate]]:
    """The same; the gradient of what sees the spots in one extreme alone at the date of each path's own."""
    output, leaf = followed(payoff, spot, tape)

    def sent(weights: FloatArray) -> FloatArray | OneDate:
        with np.errstate(all="ignore"):
            return tape.sent(output, weights if output.value.ndim == 2 else weights[0], leaf)

    return np.atleast_2d(output.value), sent


def followed(payoff: Callable[[Any], Any], spot: FloatArray, tape: Tape) -> tuple[Node, Node]:
    """The nodes of a payoff's cash flows and of the spots, as for `relax`."""
    leaf = tape.leaf(spot)
    return _paid(payoff, spot, Relaxed(tape, leaf)), leaf


def assets_followed(payoff: Callable[[Any], Any], spot: FloatArray) -> frozenset[int]:
    """The numbers of the assets whose spots a payoff does something with that it pays by.

    Each asset is a leaf of its own, and so are all together for what is done with all at once.

    Raises
    ------
    NotRelaxableError
        If the payoff cannot be followed.
    """
    tape = Tape(lambda *_: 1.0)
    every, rows = tape.leaf(spot), {asset: tape.leaf(own) for asset, own in enumerate(spot)}
    seen = Relaxed(tape, every)
    seen._rows = dict(rows)
    needed = {id(_paid(payoff, spot, seen))}
    for node in reversed(tape.nodes):
        if id(node) in needed:
            needed.update(id(operand) for operand, _ in node.links)
    if id(every) in needed:
        return frozenset(rows)
    return frozenset(asset for asset, row in rows.items() if id(row) in needed)


def _paid(payoff: Callable[[Any], Any], spot: FloatArray, seen: Relaxed) -> Node:
    """The node of a payoff's cash flows, which sees the spots as an array that is followed."""
    tape = seen.tape
    with np.errstate(all="ignore"):  # what is not finite is refused
        found = payoff(seen)
        if not isinstance(found, (Relaxed, np.ndarray)):
            raise NotRelaxableError(f"a result of type {type(found).__name__}")
        payments = stated_payments(payoff)
        n_flows = spot.shape[-2] if payments is None else len(payments)
        if found.shape not in (spot.shape[-1:], (n_flows, spot.shape[-1])):
            raise NotRelaxableError(f"a result of shape {found.shape}")
        if isinstance(found, Relaxed) and found.tape is not tape:
            raise NotRelaxableError("spots of an earlier evaluation (a cache)")
        output = _filled(operands(seen._node, found.node if isinstance(found, Relaxed) else found)[1], found.shape)
    if not np.isfinite(output.value).all():
        raise NotRelaxableError("amounts that are not finite (if only in branches of np.where, guard their arguments)")
    return output
