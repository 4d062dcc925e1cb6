"""Exercises of lesson 19. Check them with `python -m lessons check 19`."""


def gaussian_rule(g, y, x):
    """The derivative rule of the op y = e ** (-x ** 2), right in every order.

    g        the gradient of the loss with respect to y
    y        the output of the op
    x        its input, of the same shape
    returns  the gradient with respect to x

    Write it with operators and ops only: the three are arrays in an ordinary backward pass, and
    tensors when the gradient is to be differentiated.

    Judged by the first, second and third derivatives of a function that uses the op.
    """
    raise NotImplementedError


def downhill_newton_step(g, H, smallest):
    """A step like Newton's that always points downhill: each curvature counts by its size alone.

    In the coordinates of the eigenvectors of H each direction has its own slope and curvature (an
    eigenvalue). Newton's step there is -slope / curvature; yours is -slope / max(|curvature|,
    smallest). `numpy.linalg.eigh` returns the eigenvalues, and the eigenvectors as the columns of a
    matrix.

    g         the gradient, an array (n,)
    H         the Hessian, a symmetric array (n, n)
    smallest  a number above 0: curvatures of a smaller size count as this one, because dividing by
              almost nothing would give an enormous step
    returns   the step, an array (n,), in the coordinates of g

    Judged on gradients and Hessians with curvatures of both signs, some of them tiny, one 0.
    """
    raise NotImplementedError


def most_negative_curvature(product, n, largest):
    """The lowest eigenvalue of a Hessian, from products with vectors alone.

    Power iteration finds the eigenvalue that is largest in size. Can you think of another matrix
    that has its largest eigenvalue where H has its lowest, and whose product with v you can compute
    too? Start from a random vector; 1,000 products are enough.

    product  a function: product(v) is H v, for an array v (n,); H is symmetric
    n        the number of weights
    largest  the largest eigenvalue of H; no eigenvalue is larger in size
    returns  the lowest eigenvalue, a float

    Judged to 1e-4, on matrices whose lowest eigenvalue is negative or positive.
    """
    raise NotImplementedError
