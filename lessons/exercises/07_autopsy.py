"""Exercises of lesson 7. Check them with `python -m lessons check 07`."""


def ratio_to_differences(function, gradient, x):
    """A gradient check that tells a wrong factor from a wrong formula.

    function   takes an array like x, returns a number
    gradient   array with the shape of x: what somebody claims to be the gradient of function at x
    x          array of any shape
    returns    two numbers, ratio and rest.
               With n for the numerical gradient at x, by central differences, and with u.v for the
               sum of all products of the entries of u and v:
               ratio = gradient.n / n.n, the factor c for which c * n comes nearest to gradient
               rest  = length of (gradient - ratio * n) / length of gradient, with length(u) the
                       root of u.u

    A right gradient has the ratio 1 and the rest 0. The published one has the ratio -1 and the rest
    0: a factor is wrong, and nothing else. A large rest means that the formula is wrong.

    Take a step of 1e-5 to each side. Do not change x. Some entries of n may be 0.

    Judged on right gradients, gradients with a factor, and wrong formulas, on curved functions.
    """
    raise NotImplementedError


def layer_factors(weights, biases, x, gradient):
    """By how much each sigmoid layer changes the length of the gradient that passes through it.

    weights   list of arrays (in, out), from the first layer to the last
    biases    list of arrays (out,)
    x         array (n, in) of the first layer: what the network is given. Layer k computes
              sigmoid(values @ weights[k] + biases[k]) from the outputs of layer k - 1
    gradient  array (n, out) of the last layer: of the loss with respect to the last outputs
    returns   a list of numbers, one for each layer, from the first to the last: the length (root of
              the sum of squares) of the gradient with respect to the layer's inputs, divided by the
              length of the one with respect to its outputs

    With Xavier weights and seven layers these are the lesson's factors of about 1/4.

    Judged on two networks whose layers have different widths.
    """
    raise NotImplementedError
