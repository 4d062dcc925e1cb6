"""Exercises of lesson 14. Check them with `python -m lessons check 14`."""


def weights_from_keras(weights):
    """The weights of a Keras network under the names that this package and PyTorch use.

    weights  what Keras returns for a network Flatten, Dense(hidden), ReLU, Dense(out): a list of
             four arrays, kernel (in, hidden), bias (hidden,), kernel (hidden, out), bias (out,).
             Keras computes x @ kernel + bias
    returns  a dict that `load_state_dict` accepts, for nn.Sequential(nn.Flatten(), nn.Linear(in,
             hidden), nn.ReLU(), nn.Linear(hidden, out)), which computes x @ weight.T + bias. Its
             names are those of the lesson

    Judged by the scores of the network with these weights, for several sizes.
    """
    raise NotImplementedError


def one_rounding_apart(weights, up):
    """Each weight moved to the next number that its dtype can hold.

    weights  an array of float32 or float64, of any shape
    up       an array of booleans of the same shape: True moves this weight towards +infinity,
             False towards -infinity
    returns  a new array of the same shape and dtype

    Judged by how many steps, from one float to the next, each weight was moved, and by whether
    `weights` stayed as they were. It is worth reading about `numpy.nextafter`.
    """
    raise NotImplementedError


def first_suspicious_step(ours, theirs, unit):
    """The first step at which two runs differ by more than rounding explains.

    Rounding errors of different steps are independent, sometimes up and sometimes down, so their
    sum grows like a random walk: after n steps it is about sqrt(n) times that of one step. So
    step n, counted from 1, is suspicious if the difference, relative to the loss in `theirs`, is
    above unit * sqrt(n).

    ours, theirs  the losses of two runs, arrays (steps,), all above 0
    unit          what one step may add, relative to the loss: a small number such as 1e-15
    returns       the number of the first suspicious step, or 0 if there is none
    """
    raise NotImplementedError
