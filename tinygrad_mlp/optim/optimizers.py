"""Optimisers: what turns gradients into steps.

Names, arguments, defaults and formulas are those of `torch.optim`. An optimiser works in place on
the arrays of its parameters. A NumPy function that passes over the 79,510 weights of the published
network takes as long as a small matrix product, so an update has few passes, and they write into
arrays that are there already.

To add an optimiser, subclass `Optimizer`: name its moments, and write `update`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arguments import refuse_outside
from ..changes import mark_changed
from ..tensor import Tensor
from . import fused as loops
from . import states

FLUSH_EVERY = 100
"""After how many steps moments that have all but decayed are set to 0."""


def _option(name: str) -> Any:
    """An attribute that reads and sets an option of the only group."""

    def read(self: Optimizer) -> Any:
        return self._only_group(name)[name]

    def write(self: Optimizer, value: Any) -> None:
        group = self._only_group(name)
        group.update(self.checked({**group, name: value}))

    return property(read, write, doc=f"The {name} of the only group.")


class Optimizer:
    """What optimisers share: groups of parameters with their options, and the walk over them.

    params        leaf tensors, or groups of them: dicts of "params" and the options that differ;
                  a tensor that is given twice is stepped once, and one without a gradient rests
    lr            learning rate, at least 0
    weight_decay  this times the weight is added to its gradient
    maximize      step up the gradient, not down
    options       further options that a subclass has, by name
    fused         take `update_fused` where it can be taken: the same bits, sooner

    Raises TypeError if a parameter is not a leaf tensor, ValueError if an option makes no sense,
    ImportError if `fused` needs Numba and there is none.

    Groups can differ in any option. `param_groups` is a list of dicts, each with its "params" and
    all options. The options are read at each step, so they may be changed in between. With one
    group, they are attributes too: `optimizer.lr = 0.1`. `state` has a dict for each parameter
    that was stepped.

    >>> weight, bias = nn.Parameter([[2.0]]), nn.Parameter([0.0])
    >>> groups = [{"params": [weight], "weight_decay": 0.01}, {"params": [bias]}]
    >>> optimizer = optim.SGD(groups, lr=0.1)
    >>> [group["weight_decay"] for group in optimizer.param_groups]
    [0.01, 0.0]
    """

    moments: tuple[str, ...] = ()
    """Arrays in the state of a parameter, of its shape, which start as zeros."""
    later_moments: tuple[str, ...] = ()
    """Arrays that `update` adds to the state when an option first asks for them."""
    remembered: tuple[str, ...] = ()
    """Options that the moments depend on: the state has them as they were at the last step."""

    lr: float = _option("lr")
    weight_decay: float = _option("weight_decay")
    maximize: bool = _option("maximize")

    if not TYPE_CHECKING:  # type checkers look at __init__

        def __new__(cls, *args, **options):
            refuse_outside(cls.__name__, cls.__init__, options)
            return super().__new__(cls)

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float,
        weight_decay: float = 0.0,
        maximize: bool = False,
        options: Mapping[str, Any] | None = None,
        fused: bool = False,
    ):
        # How the steps are computed, not what they are, so it is no option and not in the state.
        self.fused = bool(fused)
        if self.fused:
            self._refuse_without_fused()
        shared = {"lr": lr, "weight_decay": weight_decay, "maximize": maximize}
        self.defaults = self.checked({**shared, **(options or {})})
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[Tensor, dict[str, Any]] = {}
        for group in _as_groups(params):
            self.add_param_group(group)

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Step more parameters: `param_group` has "params", and the options that differ.

        Raises as the constructor does, and ValueError if an option is unknown or a parameter is
        already in another group.
        """
        if "params" not in param_group:
            raise ValueError(f'a group needs "params", and this has {", ".join(param_group)}')
        unknown = param_group.keys() - self.defaults.keys() - {"params", "initial_lr"}
        if unknown:
            raise ValueError(
                f"{type(self).__name__} has no option {', '.join(sorted(unknown))}; its options "
                f"are {', '.join(self.defaults)}"
            )
        params = _unique_leaves(param_group["params"])
        present = {id(p) for group in self.param_groups for p in group["params"]}
        if not present.isdisjoint(id(p) for p in params):
            raise ValueError("a parameter of this group is already in another, and can be in one")
        options = self.checked({**self.defaults, **param_group})
        self.param_groups.append({**options, "params": params})
        if self.fused:
            self._compile_update(self.param_groups[-1])

    def _refuse_without_fused(self) -> None:
        """Raise if there is no fused update, or it does not go with `update`, or lacks Numba."""
        has_update = next(c for c in type(self).__mro__ if "update" in vars(c))
        if "update_fused" not in vars(has_update):
            raise ValueError(
                f"{has_update.__name__} has an update, and no update_fused that does the same in "
                "one loop; leave out fused=True, or write it"
            )
        loops.require()

    def _compile_update(self, group: Mapping[str, Any]) -> None:
        """Have the update compiled now, not at the first step, by taking it for no weights."""
        for dtype in {p.data.dtype for p in group["params"]}:
            w, g = np.empty(0, dtype), np.empty(0, dtype)
            moments = {name: np.empty(0, dtype) for name in (*self.moments, *self.later_moments)}
            self.update_fused(w, g, {"step": 1, **moments}, group)

    def checked(self, options: dict[str, Any]) -> dict[str, Any]:
        """The options of a group, its numbers as Python's. ValueError if one makes no sense."""
        lr = _at_least_zero("lr", options["lr"])
        return options | {
            "lr": lr,
            "weight_decay": _at_least_zero("weight_decay", options["weight_decay"]),
        }

    def _only_group(self, name: str) -> dict[str, Any]:
        if len(self.param_groups) > 1:
            raise AttributeError(
                f"this optimiser has {len(self.param_groups)} groups, each with a {name} of its "
                f'own; write optimizer.param_groups[0]["{name}"] for the first'
            )
        return self.param_groups[0]

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._step_one(p, p.grad.data, group)

    def _step_one(self, p: Tensor, g: np.ndarray, group: dict[str, Any]) -> None:
        w = p.data
        state = self.state.get(p) or self._first_state(p, group)
        state["step"] += 1
        if not (self.fused and self.update_fused(w, g, state, group)):
            if group["maximize"]:
                g = -g
            if _decay(group):
                g = g + _decay(group) * w
            self.update(w, g, state, group)
        if state["step"] % FLUSH_EVERY == 0:
            for name in (*self.moments, *self.later_moments):
                if name in state:
                    _flush(state[name])
        mark_changed(w)

    def _first_state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        state: dict[str, Any] = {"step": 0}
        state |= {name: group[name] for name in self.remembered}
        state |= {name: np.zeros_like(p.data) for name in self.moments}
        self.state[p] = state
        return state

    def update(
        self, w: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Mapping[str, Any]
    ) -> None:
        """Change weights w and their moments, which are in `state`, in place, for gradient g.

        w, g   of the same shape, which may be that of a single number, ()
        state  its "step" is the number of this step, from 1
        group  the options
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method update")

    def update_fused(
        self, w: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Mapping[str, Any]
    ) -> bool:
        """As `update`, in one loop, and from the gradient as it came: see `fused`.

        It also does what "maximize" and "weight_decay" ask for. False, and no change, where the
        loop does not fit; then `update` is taken.
        """
        return False

    def torch_moment(self, name: str, options: Mapping[str, Any]) -> tuple[str, float]:
        """What PyTorch calls a moment, and what it has to be multiplied by to be PyTorch's."""
        return name, 1.0

    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of everything that decides the next step, as PyTorch has it, in flat form.

        "param_groups.0.lr", "param_groups.0.params", "state.0.step", "state.0.exp_avg" and so on:
        see `states`. `interop.optimizer_state_to_torch` turns it into PyTorch's nested form.
        """
        return states.flatten(self, exact=False)

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `state_dict` gave, options included.

        Raises ValueError, and changes nothing, if anything does not fit.
        """
        states.load(self, state, exact=False)

    def exact_state(self) -> dict[str, np.ndarray]:
        """As `state_dict`, but with the moments as they are kept here, exact to the bit.

        This is what `checkpoint` writes.
        """
        return states.flatten(self, exact=True)

    def load_exact_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take over what `exact_state` gave, and go on from there to the bit.

        Raises ValueError, and changes nothing, if anything does not fit.
        """
        states.load(self, state, exact=True)

    def __repr__(self) -> str:
        count = sum(len(group["params"]) for group in self.param_groups)
        what = "1 parameter" if count == 1 else f"{count} parameters"
        if len(self.param_groups) > 1:
            what += f" in {len(self.param_groups)} groups"
        lrs = ", ".join(f"{group['lr']:g}" for group in self.param_groups)
        return f"{type(self).__name__}({what}, lr={lrs})"


class SGD(Optimizer):
    """Stochastic gradient descent: w -= lr * g, or with momentum, w -= lr * velocity.

        velocity = momentum * velocity + (1 - dampening) * g        (at first: g)

    momentum   how much of the velocity is kept at each step, at least 0
    dampening  the share of the gradient that is left out of the velocity
    nesterov   look ahead: step by g + momentum * velocity. Sutskever and others, 2013.
    fused      one compiled loop instead of a pass for each operation: the same bits, sooner. It
               needs Numba: pip install "tinygrad_mlp[fast]"

    Raises ValueError for `nesterov` without a momentum, or with dampening, and what `Optimizer`
    raises. Robbins and Monro, 1951; momentum, Polyak, 1964.

    >>> w = nn.Parameter([1.0, 1.0])
    >>> w.grad = tg.tensor([0.5, 2.0])
    >>> optim.SGD([w], lr=0.5).step()
    >>> w
    tensor([0.75, 0.  ], requires_grad=True)
    """

    later_moments = ("momentum_buffer",)

    momentum: float = _option("momentum")
    dampening: float = _option("dampening")
    nesterov: bool = _option("nesterov")

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        fused: bool = False,
    ):
        if nesterov and (momentum <= 0 or dampening):
            raise ValueError("nesterov needs a momentum above 0 and no dampening")
        options = {"momentum": momentum, "dampening": dampening, "nesterov": nesterov}
        super().__init__(params, lr, weight_decay, maximize, options, fused)

    def checked(self, options: dict[str, Any]) -> dict[str, Any]:
        momentum = _at_least_zero("momentum", options["momentum"])
        dampening = float(options["dampening"])
        return super().checked(options) | {"momentum": momentum, "dampening": dampening}

    def update(
        self, w: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Mapping[str, Any]
    ) -> None:
        momentum, dampening = group["momentum"], group["dampening"]
        if momentum:
            velocity = state.get("momentum_buffer")
            if velocity is None:
                velocity = state["momentum_buffer"] = np.zeros_like(w)
                velocity += g
            else:
                velocity *= momentum
                velocity += g * (1 - dampening) if dampening else g
            g = g + momentum * velocity if group["nesterov"] else velocity
        w -= group["lr"] * g

    def update_fused(
        self, w: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Mapping[str, Any]
    ) -> bool:
        momentum, shared = group["momentum"], (group["lr"], _sign(group), _decay(group))
        if not momentum:
            return loops.run(loops.sgd, w, g, (), shared)
        velocity, fresh = state.get("momentum_buffer"), 1 - group["dampening"]
        if velocity is None:
            velocity, fresh = np.zeros_like(w), 1.0
        ahead = 1.0 if group["nesterov"] else 0.0
        numbers = (*shared, momentum, fresh, ahead)
        done = loops.run(loops.sgd_with_momentum, w, g, (velocity,), numbers)
        if done:
            state["momentum_buffer"] = velocity
        return done


class Adam(Optimizer):
    """Adam: steps of about lr, whatever the size of the gradient. Kingma and Ba, 2015.

        m = b1 * m + (1 - b1) * g            v = b2 * v + (1 - b2) * g^2
        w -= lr * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)

    betas                   b1 and b2, how much of m and of v is kept; each at least 0, below 1
    eps                     keeps the division sane where v is almost 0
    amsgrad                 divide by the largest v so far. Reddi, Kale and Kumar, 2018.
    decoupled_weight_decay  as in AdamW
    fused                   one compiled loop instead of a pass for each operation: the same bits,
                            sooner. It needs Numba: pip install "tinygrad_mlp[fast]"

    What is kept are the decayed sums of g and g^2: m and v without the factors (1 - b1) and
    (1 - b2), which go into the step size instead. This saves two passes over the weights.

    Raises what `Optimizer` raises.

    >>> w = nn.Parameter([1.0, 1.0])
    >>> w.grad = tg.tensor([0.5, 200.0])
    >>> optim.Adam([w], lr=0.1).step()
    >>> w
    tensor([0.9, 0.9], requires_grad=True)
    """

    moments = ("decayed_sum", "decayed_square_sum")
    later_moments = ("largest_square_sum",)
    remembered = ("betas",)

    betas: tuple[float, float] = _option("betas")
    eps: float = _option("eps")

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        fused: bool = False,
        decoupled_weight_decay: bool = False,
    ):
        options = {
            "betas": betas,
            "eps": eps,
            "amsgrad": amsgrad,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, lr, weight_decay, maximize, options, fused)

    def checked(self, options: dict[str, Any]) -> dict[str, Any]:
        b1, b2 = options["betas"]
        betas = _below_one("betas[0]", b1), _below_one("betas[1]", b2)
        eps = _at_least_zero("eps", options["eps"])
        return super().checked(options) | {"betas": betas, "eps": eps}

    def torch_moment(self, name: str, options: Mapping[str, Any]) -> tuple[str, float]:
        b1, b2 = options["betas"]
        return {
            "decayed_sum": ("exp_avg", 1 - b1),
            "decayed_square_sum": ("exp_avg_sq", 1 - b2),
            "largest_square_sum": ("max_exp_avg_sq", 1 - b2),
        }[name]

    def step(self) -> None:
        for group in self.param_groups:
            betas = tuple(group["betas"])
            for p in group["params"]:
                state = self.state.get(p)
                if state and state["betas"] != betas:
                    self._change_betas(state, betas)
        super().step()

    def _change_betas(self, state: dict[str, Any], betas: tuple[float, ...]) -> None:
        """Give the sums the factors that they would lack under new betas."""
        for name in (*self.moments, *self.later_moments):
            old, new = (self.torch_moment(name, {"betas": b})[1] for b in (state["betas"], betas))
            if name in state and old != new:
                state[name] *= old / new
        state["betas"] = betas

    def update(
        self, w: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Mapping[str, Any]
    ) -> None:
        b1, b2 = group["betas"]
        lr, eps = self.scales(group, state["step"])
        if group["decoupled_weight_decay"] and group["weight_decay"]:
            w *= 1 - group["lr"] * group["weight_decay"]
        m, v = state["decayed_sum"], state["decayed_square_sum"]
        m *= b1
        m += g
        v *= b2
        change = np.asanyarray(g * g)  # an array to write into, where g has no dimensions too
        v += change
        if group["amsgrad"]:
            largest = _later(state, "largest_square_sum", v)
            v = np.maximum(largest, v, out=largest)
        np.sqrt(v, out=change)
        change += eps
        np.divide(m, change, out=change)
        change *= lr
        w -= change

    def update_fused(
        self, w: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Mapping[str, Any]
    ) -> bool:
        lr, eps = self.scales(group, state["step"])
        keep = 1.0
        if group["decoupled_weight_decay"] and group["weight_decay"]:
            keep = 1 - group["lr"] * group["weight_decay"]
        largest = _later(state, "largest_square_sum", w) if group["amsgrad"] else None
        moments = (state["decayed_sum"], state["decayed_square_sum"], largest)
        numbers = (lr, _sign(group), _decay(group), keep, *group["betas"], eps)
        return loops.run(loops.adam, w, g, moments, numbers)

    def scales(self, group: Mapping[str, Any], step: int) -> tuple[float, float]:
        """lr and eps, with the factors that make means of the sums, free of the bias to 0."""
        b1, b2 = group["betas"]
        v_scale = math.sqrt((1 - b2**step) / (1 - b2))
        m_scale = (1 - b1) / (1 - b1**step)
        return group["lr"] * m_scale * v_scale, group["eps"] * v_scale


class AdamW(Adam):
    """Adam with the decay apart from the gradient: w -= lr * weight_decay * w at each step.

    Otherwise as `Adam`. Raises what `Optimizer` raises. Loshchilov and Hutter, 2019.

    >>> w = nn.Parameter([1.0])
    >>> w.grad = tg.tensor([0.0])
    >>> optim.AdamW([w], lr=0.1, weight_decay=0.5).step()
    >>> w
    tensor([0.95], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        fused: bool = False,
    ):
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            maximize=maximize,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def checked(self, options: dict[str, Any]) -> dict[str, Any]:
        if not options["decoupled_weight_decay"]:
            raise ValueError(
                "AdamW always decays apart from the gradient; use Adam for options or a state with "
                "decoupled_weight_decay=False"
            )
        return super().checked(options)


class RMSprop(Optimizer):
    """RMSprop: steps divided by the root of the mean square of recent gradients.

        v = alpha * v + (1 - alpha) * g^2             w -= lr * g / (sqrt(v) + eps)

    alpha     how much of the mean is kept at each step, at least 0 and below 1
    eps       keeps the division sane where v is almost 0
    momentum  step by velocity = momentum * velocity + g / (sqrt(v) + eps) instead
    centered  divide by the standard deviation instead: sqrt(v - m^2), m the mean of recent g

    Tieleman and Hinton, 2012; centred, Graves, 2013.

    Raises what `Optimizer` raises.

    >>> w = nn.Parameter([1.0, 1.0])
    >>> w.grad = tg.tensor([0.5, 200.0])
    >>> optim.RMSprop([w], lr=0.1, alpha=0.75).step()
    >>> w
    tensor([0.8, 0.8], requires_grad=True)
    """

    moments = ("square_avg",)
    later_moments = ("momentum_buffer", "grad_avg")

    alpha: float = _option("alpha")
    eps: float = _option("eps")
    momentum: float = _option("momentum")
    centered: bool = _option("centered")

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ):
        options = {"alpha": alpha, "eps": eps, "momentum": momentum, "centered": centered}
        super().__init__(params, lr, weight_decay, maximize, options)

    def checked(self, options: dict[str, Any]) -> dict[str, Any]:
        return super().checked(options) | {
            "alpha": _below_one("alpha", options["alpha"]),
            "eps": _at_least_zero("eps", options["eps"]),
            "momentum": _at_least_zero("momentum", options["momentum"]),
        }

    def update(
        self, w: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Mapping[str, Any]
    ) -> None:
        alpha, v = group["alpha"], state["square_avg"]
        change = np.asanyarray(g * g)
        change *= 1 - alpha
        v *= alpha
        v += change
        if group["centered"]:
            m = _later(state, "grad_avg", w)
            m += (1 - alpha) * (g - m)
            np.multiply(m, m, out=change)
            np.subtract(v, change, out=change)
            np.sqrt(change, out=change)
        else:
            np.sqrt(v, out=change)
        change += group["eps"]
        np.divide(g, change, out=change)
        if group["momentum"]:
            velocity = _later(state, "momentum_buffer", w)
            velocity *= group["momentum"]
            velocity += change
            change[...] = velocity
        change *= group["lr"]
        w -= change


class Adagrad(Optimizer):
    """Adagrad: steps divided by the root of the sum of all squared gradients so far.

        s += g^2                w -= lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    lr_decay                   how fast the learning rate falls with the number of the step, t
    initial_accumulator_value  what s starts from, at least 0; groups may differ in it, which
                               PyTorch ignores
    eps                        keeps the division sane where s is almost 0

    Duchi, Hazan and Singer, 2011. As in PyTorch, the state of a parameter is there from the
    beginning, before its first step.

    Raises what `Optimizer` raises.

    >>> w = nn.Parameter([1.0, 1.0])
    >>> optimizer = optim.Adagrad([w], lr=0.25)
    >>> for g in ([3.0, 0.5], [4.0, 0.0]):
    ...     w.grad = tg.tensor(g)
    ...     optimizer.step()
    >>> w
    tensor([0.55, 0.75], requires_grad=True)
    """

    moments = ("sum",)

    lr_decay: float = _option("lr_decay")
    initial_accumulator_value: float = _option("initial_accumulator_value")
    eps: float = _option("eps")

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Mapping[str, Any]],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ):
        options = {
            "lr_decay": lr_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "eps": eps,
        }
        super().__init__(params, lr, weight_decay, maximize, options)

    def checked(self, options: dict[str, Any]) -> dict[str, Any]:
        names = ("lr_decay", "initial_accumulator_value", "eps")
        return super().checked(options) | {
            name: _at_least_zero(name, options[name]) for name in names
        }

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        for p in group["params"]:
            self._first_state(p, group)

    def _first_state(self, p: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        state = super()._first_state(p, group)
        state["sum"][...] = group["initial_accumulator_value"]
        return state

    def update(
        self, w: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Mapping[str, Any]
    ) -> None:
        lr = group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"])
        change = np.asanyarray(g * g)
        state["sum"] += change
        np.sqrt(state["sum"], out=change)
        change += group["eps"]
        np.divide(g, change, out=change)
        change *= lr
        w -= change


def _sign(group: Mapping[str, Any]) -> float:
    """What the gradient is times, to step down the loss or up."""
    return -1.0 if group["maximize"] else 1.0


def _decay(group: Mapping[str, Any]) -> float:
    """What is added to the gradient, times the weight; 0 where weights decay apart from it."""
    decay: float = 0.0 if group.get("decoupled_weight_decay") else group["weight_decay"]
    return decay


def _later(state: dict[str, Any], name: str, w: np.ndarray) -> np.ndarray:
    """A moment that starts as zeros when it is first asked for."""
    if name not in state:
        state[name] = np.zeros_like(w)
    moment: np.ndarray = state[name]
    return moment


def _flush(moment: np.ndarray) -> None:
    """Set to 0 what has decayed almost to nothing.

    The weights of pixels that are nearly always black have moments that shrink at each step.
    Below 1e-38 float32 numbers are "denormal", and arithmetic on them is many times slower.
    In float16 the same threshold would be 61, so there it is left alone.
    """
    if moment.dtype != np.float16:
        moment[np.abs(moment) < np.finfo(moment.dtype).tiny * 1e6] = 0


def _as_groups(params: Any) -> list[Any]:
    """What an optimiser was given, as a list of groups."""
    if isinstance(params, Tensor):
        raise TypeError("an optimiser takes a list of parameters; write [parameter]")
    if isinstance(params, Mapping):
        raise TypeError("an optimiser takes a list of groups; write [group]")
    given = _as_list(params)
    if not given:
        raise ValueError("an optimiser needs at least one parameter, as from model.parameters()")
    are_groups = [isinstance(item, Mapping) for item in given]
    if any(are_groups) and not all(are_groups):
        raise TypeError("an optimiser takes a list of parameters or one of groups, not a mixture")
    return given if all(are_groups) else [{"params": given}]


def _as_list(params: Any) -> list[Any]:
    if isinstance(params, (set, frozenset)):
        raise TypeError("parameters are numbered, and a set has no order; give them in a list")
    return [params] if isinstance(params, Tensor) else list(params)


def _unique_leaves(params: Any) -> list[Tensor]:
    unique = list({id(p): p for p in _as_list(params)}.values())
    for p in unique:
        if not isinstance(p, Tensor) or not p.is_leaf:
            raise TypeError(
                "an optimiser steps leaf tensors, as from model.parameters(), which no recorded "
                f"op has made; it was given {p!r:.80}"
            )
    return unique


def _at_least_zero(name: str, value: float) -> float:
    if not (value >= 0 and math.isfinite(value)):
        raise ValueError(f"{name} must be a finite number, at least 0, not {value}")
    return float(value)


def _below_one(name: str, value: float) -> float:
    if isinstance(value, Tensor):
        raise TypeError(f"{name} must be a number, not a tensor; write {name}=t.item()")
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, not {value}")
    return float(value)
