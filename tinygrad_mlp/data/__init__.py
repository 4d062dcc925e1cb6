"""Data: the MNIST digits, batches of them, and random changes to them.

- `mnist.py` reads MNIST (which comes with the package) and Fashion-MNIST, from any usual folder.
- `dataset.py` holds images with their labels, or any arrays that belong together; it divides them,
  and doubles them with changed copies.
- `loader.py` cuts a dataset into shuffled batches; `prefetch.py` prepares them ahead, in a thread.
- `transforms.py` has the random changes, and `warp.py` the arithmetic of bending an image. A new
  change goes into `transforms.py`: a small frozen dataclass whose `__call__(images, rng)` returns
  a new array of the same shape.

Datasets and changes work on plain NumPy arrays. A `for` loop over a `DataLoader` gives tensors, as
in PyTorch; its `arrays()` gives the arrays.
"""

from . import transforms as transforms
from .dataset import ArrayDataset as ArrayDataset
from .dataset import AugmentedDataset as AugmentedDataset
from .dataset import Subset as Subset
from .dataset import TensorDataset as TensorDataset
from .dataset import random_split as random_split
from .loader import DataLoader as DataLoader
from .mnist import load_mnist as load_mnist
