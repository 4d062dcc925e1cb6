"""How the exercises of lesson 19 are judged."""

import numpy as np

import tinygrad_mlp as tg
from lessons.checking import Exercise, Mistake

# ----------------------------------------------------------------------------------- gaussian_rule

POINTS = np.array([[0.3, -0.7, 1.1], [0.9, -1.6, 0.2]])


def derivatives(answer):
    """The first three derivatives of a function with the op, made with this rule."""

    @tg.op(grad=answer)
    def gaussian_of_the_exercise(x):
        return np.exp(-x * x)

    x = tg.tensor(POINTS, requires_grad=True)
    value = (x.sin() * gaussian_of_the_exercise(1.3 * x)).sum()
    found = []
    for _ in range(3):
        (slope,) = tg.grad(value, x, create_graph=True)
        found.append(slope)
        value = (slope * x.cos()).sum()
    return found


def plain(value):
    return value.data if isinstance(value, tg.Tensor) else value


def keeps_a_value(g, y, x):
    return g * (-2 * plain(x) * np.exp(-(plain(x) ** 2)))


def keeps_the_output(g, y, x):
    return g * (-2 * x * plain(y))


def without_x(g, y, x):
    return g * (-2 * y)


def without_g(g, y, x):
    return -2 * x * y


def without_y(g, y, x):
    return g * (-2 * x)


def positive(g, y, x):
    return g * (2 * x * y)


# ---------------------------------------------------------------------------- downhill_newton_step


def symmetric(curvatures, seed):
    """A symmetric matrix with these eigenvalues, in random directions."""
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.normal(size=(len(curvatures), len(curvatures))))
    return Q @ np.diag(curvatures) @ Q.T


def steps_taken(answer):
    found = []
    cases = ([-2.0, 0.5, 3.0], [1.5, 0.03, -0.02, 4.0], [-1.0, -0.4, 0.7, 2.0, 0.001])
    for seed, curvatures in enumerate(cases):
        g = np.random.default_rng(10 + seed).normal(size=len(curvatures))
        found.append(answer(g, symmetric(curvatures, seed), 0.1))
    flat = np.diag([0.0, 2.0, -1.0])  # a direction without any curvature
    return [*found, answer(np.array([0.3, -0.5, 0.7]), flat, 0.1)]


def plain_newton(g, H, smallest):
    return -np.linalg.solve(H, g)


def sizes_of_the_entries(g, H, smallest):
    return -np.linalg.solve(np.maximum(np.abs(H), smallest), g)


def cut_off(g, H, smallest):
    curvatures, Q = np.linalg.eigh(H)
    return -Q @ (Q.T @ g / np.maximum(curvatures, smallest))


def without_smallest(g, H, smallest):
    curvatures, Q = np.linalg.eigh(H)
    return -Q @ (Q.T @ g / np.abs(curvatures))


def with_signs(g, H, smallest):
    curvatures, Q = np.linalg.eigh(H)
    sizes = np.sign(curvatures) * curvatures
    sizes[sizes < smallest] = np.abs(np.sign(curvatures[sizes < smallest])) * smallest
    return -Q @ (Q.T @ g / sizes)


def transposed(g, H, smallest):
    curvatures, Q = np.linalg.eigh(H)
    return -Q.T @ (Q @ g / np.maximum(np.abs(curvatures), smallest))


def not_turned_back(g, H, smallest):
    curvatures, Q = np.linalg.eigh(H)
    return -(Q.T @ g) / np.maximum(np.abs(curvatures), smallest)


def uphill(g, H, smallest):
    curvatures, Q = np.linalg.eigh(H)
    return Q @ (Q.T @ g / np.maximum(np.abs(curvatures), smallest))


# ------------------------------------------------------------------------- most_negative_curvature


def lowest_found(answer):
    found = []
    cases = ([-1.2, 0.4, 1.1, 2.5], [0.3, 0.6, 1.7], [-0.9, -0.5, 0.2, 0.8, 1.4, 3.0])
    for seed, curvatures in enumerate(cases):
        H = symmetric(curvatures, 20 + seed)
        found.append(answer(lambda v, H=H: H @ np.asarray(v), len(curvatures), max(curvatures)))
    return found


def power_iteration(product, n):
    """The eigenvalue of the product that is largest in size."""
    v = np.random.default_rng(0).normal(size=n)
    for _ in range(1000):
        v = product(v / np.linalg.norm(v))
    v = v / np.linalg.norm(v)
    return float(v @ product(v))


def not_shifted(product, n, largest):
    return power_iteration(product, n)


def not_taken_back(product, n, largest):
    return power_iteration(lambda v: largest * v - product(v), n)


def taken_back_the_wrong_way(product, n, largest):
    return power_iteration(lambda v: largest * v - product(v), n) - largest


EXERCISES = [
    Exercise(
        "gaussian_rule",
        observe=derivatives,
        hint="By hand: the derivative of e^u is e^u times that of u, and u is -x^2. The gradient g "
        "of the output is a factor of every rule.",
        mistakes=[
            Mistake(
                keeps_a_value,
                "The first derivative is right. But x was taken out of its tensor, so the second "
                "one sees a constant. Use x and y as they are.",
            ),
            Mistake(
                keeps_the_output,
                "The first derivative is right. In the second, the part that goes through y is "
                "missing: y was taken out of its tensor.",
            ),
            Mistake(without_x, "The inner derivative, of -x^2, is -2 x. The x is missing."),
            Mistake(without_g, "Remember the chain rule: what comes from above, g, is a factor."),
            Mistake(without_y, "The outer derivative, of e^u, is e^u again, which is y."),
            Mistake(positive, "The inner derivative is that of -x^2. Look at its sign."),
        ],
    ),
    Exercise(
        "downhill_newton_step",
        observe=steps_taken,
        hint="Three parts: take the slopes along the eigenvectors, Q.T @ g; divide each by the "
        "size of its curvature; go back to the coordinates of g with Q.",
        mistakes=[
            Mistake(
                plain_newton,
                "This is Newton's own step. Where a curvature is negative it climbs.",
            ),
            Mistake(
                sizes_of_the_entries,
                "The sizes are those of the eigenvalues. The entries of H may be negative even in "
                "the best of valleys.",
            ),
            Mistake(
                cut_off,
                "Negative curvatures were raised to `smallest`, which gives enormous steps there. "
                "Take their size first.",
            ),
            Mistake(without_smallest, "Sizes below `smallest` should count as `smallest`."),
            Mistake(
                with_signs,
                "Where a curvature is exactly 0, np.sign gives 0, and you divide by 0. It should "
                "count as `smallest` there too.",
            ),
            Mistake(
                transposed,
                "The eigenvectors are the columns of the matrix that eigh returns, so the slopes "
                "along them are Q.T @ g, and Q goes back.",
            ),
            Mistake(
                not_turned_back,
                "This is the step in the coordinates of the eigenvectors. Turn it back with Q.",
            ),
            Mistake(uphill, "The step should go against the slope."),
        ],
    ),
    Exercise(
        "most_negative_curvature",
        observe=lowest_found,
        hint="largest * I - H has the eigenvectors of H and no negative eigenvalue. Its product "
        "with v is largest * v - product(v).",
        tolerance=1e-4,
        mistakes=[
            Mistake(
                not_shifted,
                "Power iteration with H itself finds the eigenvalue that is the largest in size.",
            ),
            Mistake(
                not_taken_back,
                "This is the largest eigenvalue of largest * I - H. Which one of H belongs to it?",
            ),
            Mistake(
                taken_back_the_wrong_way,
                "If largest - e was found, e is largest minus that: look at the sign.",
            ),
        ],
    ),
]
